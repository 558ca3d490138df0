use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail server (RFC 5321) that takes everything, but for addresses that begin with `unknown` (550) and the first try
/// of those that begin with `busy` (451).
pub struct FakeSmtp {
    /// For instance `smtp://127.0.0.1:2525`.
    pub url: String,
    mails: Arc<Mutex<Vec<TakenMail>>>,
    task: tokio::task::JoinHandle<()>,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct TakenMail {
    pub to: String,
    /// Headers and text as they came, lines ending with a newline alone.
    pub data: String,
}

impl FakeSmtp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let mails = Arc::new(Mutex::new(Vec::new()));
        let busy = Arc::new(Mutex::new(Vec::new()));
        let taken = mails.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (taken, busy) = (taken.clone(), busy.clone());
                tokio::spawn(async move { talk(stream, &taken, &busy).await });
            }
        });
        Self { url, mails, task }
    }

    #[must_use]
    pub fn mails(&self) -> Vec<TakenMail> {
        self.mails.lock().expect("a lock").clone()
    }

    /// Waits until so many mails were taken.
    pub async fn came(&self, count: usize) -> Vec<TakenMail> {
        let begun = Instant::now();
        loop {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "only {} of {count} came", mails.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for FakeSmtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(stream: TcpStream, mails: &Mutex<Vec<TakenMail>>, busy: &Mutex<Vec<String>>) -> Option<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 fake.example ESMTP\r\n").await.ok()?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await.ok()? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-fake.example\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "MAIL" | "RSET" | "NOOP" => "250 ok",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                if to.starts_with("unknown") {
                    "550 no such mailbox"
                } else if to.starts_with("busy") && first_time(busy, &to) {
                    "451 come back later"
                } else {
                    "250 ok"
                }
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await.ok()?;
                let mut data = String::new();
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push('\n');
                }
                mails.lock().expect("a lock").push(TakenMail { to: to.clone(), data });
                "250 taken"
            }
            "QUIT" => {
                writing.write_all(b"221 bye\r\n").await.ok()?;
                return Some(());
            }
            _ => "502 not known",
        };
        writing.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}

fn first_time(busy: &Mutex<Vec<String>>, to: &str) -> bool {
    let mut busy = busy.lock().expect("a lock");
    let first = !busy.iter().any(|seen| seen == to);
    busy.push(to.to_owned());
    first
}
