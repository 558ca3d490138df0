//! The namespaces that feeds use. Prefixes are looked up where they are declared; where they are not, or where
//! the declared address is a variant that nobody knows, the usual prefix counts.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ns {
    /// RSS of any version, or no namespace at all.
    #[default]
    Core,
    Atom,
    Content,
    Dc,
    FeedBurner,
    Itunes,
    Media,
    Rdf,
    Syndication,
    Xhtml,
    Xml,
    Other,
}

/// What the open elements declare.
#[derive(Default)]
pub(super) struct Scope {
    /// The prefix ("" for none) and what it stands for, innermost last.
    bindings: Vec<(String, Ns)>,
    /// How many bindings each open element has.
    marks: Vec<usize>,
}

impl Scope {
    pub(super) fn enter(&mut self, attributes: &[(String, String)]) {
        self.marks.push(self.bindings.len());
        for (name, value) in attributes {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => match rest.strip_prefix(':') {
                    Some(prefix) => prefix,
                    None => continue,
                },
                None => continue,
            };
            let ns = of_address(value).or_else(|| of_prefix(prefix)).unwrap_or(Ns::Other);
            self.bindings.push((prefix.to_owned(), ns));
        }
    }

    pub(super) fn leave(&mut self) {
        if let Some(mark) = self.marks.pop() {
            self.bindings.truncate(mark);
        }
    }

    /// The namespace and the local name, in lower case, of an element.
    pub(super) fn element(&self, written: &str) -> (Ns, String) {
        match written.split_once(':') {
            Some((prefix, local)) => (self.lookup(prefix), local.to_ascii_lowercase()),
            None => {
                // An unknown default namespace is RSS under a name of its own.
                let ns = self.bound("").filter(|ns| *ns != Ns::Other).unwrap_or(Ns::Core);
                (ns, written.to_ascii_lowercase())
            }
        }
    }

    /// The name of an attribute in lower case, with the usual prefix.
    pub(super) fn attribute(&self, written: &str) -> String {
        match written.split_once(':') {
            None => written.to_ascii_lowercase(),
            Some((prefix, local)) => {
                let prefix = match self.lookup(prefix) {
                    Ns::Xml => "xml",
                    Ns::Rdf => "rdf",
                    _ => prefix,
                };
                format!("{prefix}:{local}").to_ascii_lowercase()
            }
        }
    }

    fn lookup(&self, prefix: &str) -> Ns {
        self.bound(prefix).or_else(|| of_prefix(prefix)).unwrap_or(Ns::Other)
    }

    fn bound(&self, prefix: &str) -> Option<Ns> {
        self.bindings.iter().rev().find(|(found, _)| found == prefix).map(|(_, ns)| *ns)
    }
}

fn of_address(address: &str) -> Option<Ns> {
    let address = address.trim().trim_end_matches(['/', '#']).to_ascii_lowercase();
    let address =
        address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")).unwrap_or(&address);
    Some(match address {
        // RSS 1.0 and 1.1, 0.90, 0.91, and the namespaces that some gave to 2.0.
        "purl.org/rss/1.0"
        | "purl.org/net/rss1.1"
        | "my.netscape.com/rdf/simple/0.9"
        | "channel.netscape.com/rdf/simple/0.9"
        | "my.netscape.com/publish/formats/rss-0.91.dtd"
        | "backend.userland.com/rss"
        | "backend.userland.com/rss2"
        | "backend.userland.com/rss091"
        | "blogs.law.harvard.edu/tech/rss"
        | "cyber.law.harvard.edu/rss"
        | "cyber.law.harvard.edu/rss/rss.html" => Ns::Core,
        "www.w3.org/2005/atom" | "purl.org/atom/ns" | "example.com/newformat" => Ns::Atom,
        "purl.org/rss/1.0/modules/content" => Ns::Content,
        "purl.org/dc/elements/1.1" | "purl.org/dc/elements/1.0" | "purl.org/dc/terms" => Ns::Dc,
        "rssnamespace.org/feedburner/ext/1.0" => Ns::FeedBurner,
        "www.itunes.com/dtds/podcast-1.0.dtd" | "example.com/dtds/podcast-1.0.dtd" => Ns::Itunes,
        "search.yahoo.com/mrss"
        | "search.yahoo.com/mrss/ns"
        | "www.rssboard.org/media-rss"
        | "video.search.yahoo.com/mrss"
        | "tools.search.yahoo.com/mrss" => Ns::Media,
        "www.w3.org/1999/02/22-rdf-syntax-ns" => Ns::Rdf,
        "purl.org/rss/1.0/modules/syndication" => Ns::Syndication,
        "www.w3.org/1999/xhtml" => Ns::Xhtml,
        "www.w3.org/xml/1998/namespace" => Ns::Xml,
        _ => return None,
    })
}

fn of_prefix(prefix: &str) -> Option<Ns> {
    Some(match prefix.to_ascii_lowercase().as_str() {
        "atom" | "atom03" | "atom10" | "a10" => Ns::Atom,
        "content" => Ns::Content,
        "dc" | "dcterms" => Ns::Dc,
        "feedburner" => Ns::FeedBurner,
        "itunes" => Ns::Itunes,
        "media" => Ns::Media,
        "rdf" => Ns::Rdf,
        "rss" => Ns::Core,
        "sy" => Ns::Syndication,
        "xhtml" => Ns::Xhtml,
        "xml" => Ns::Xml,
        _ => return None,
    })
}
