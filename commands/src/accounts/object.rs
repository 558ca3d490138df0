use stage_domain::{
    AccountId,
    account::{Account, AccountCommand, Purpose},
};

use crate::{CommandError, Commands, Done, Request};

impl Commands {
    /// Objects to a purpose or takes the objection back (Art. 21 and 7 GDPR). It counts from this event on.
    pub async fn object(
        &self,
        account: AccountId,
        purpose: Purpose,
        objects: bool,
        request: Request,
    ) -> Result<Done, CommandError> {
        let command = AccountCommand::Object { purpose, objects, at: request.at };
        self.once(Some(account), &request, account.0, |act| {
            self.log.execute::<Account>(account.0, command, act)
        })
        .await
    }
}
