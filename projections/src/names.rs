//! Values of the domain that a column keeps under their name in JSON.

use serde::{
    Deserialize,
    de::{IntoDeserializer, value::StrDeserializer},
};

/// Reads the name back; the error says nothing about the value.
pub(crate) fn read<'a, T: Deserialize<'a>>(column: &str, name: &'a str) -> Result<T, sqlx::Error> {
    let deserializer: StrDeserializer<'a, serde::de::value::Error> = name.into_deserializer();
    T::deserialize(deserializer).map_err(|_| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: "a name that this program does not know".into(),
    })
}
