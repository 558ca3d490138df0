//! The one thread that starts child processes.
//!
//! A child asks the kernel to be told when its parent dies, so that `kill -9` of the program leaves no orphan. For the
//! kernel the parent is a thread, not a process; a thread of the runtime may end any time, this one does not.

use std::{io, path::Path, process::Stdio};

use tokio::{
    process::{Child, Command},
    sync::{mpsc, oneshot},
};

use super::user::User;
use crate::failure::Failure;

type Order = (Command, oneshot::Sender<io::Result<Child>>);

#[derive(Clone)]
pub(super) struct Nursery(mpsc::UnboundedSender<Order>);

impl Nursery {
    pub(super) fn start() -> Result<Self, Failure> {
        let (orders, mut queue) = mpsc::unbounded_channel::<Order>();
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new()
            .name("nursery".into())
            .spawn(move || {
                let _inside = runtime.enter();
                while let Some((mut command, answer)) = queue.blocking_recv() {
                    let _ = answer.send(command.spawn());
                }
            })
            .map_err(Failure::Runtime)?;
        Ok(Self(orders))
    }

    pub(super) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let (answer, answered) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes is gone");
        self.0.send((command, answer)).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// A command for a child that ends when we do, is not reached by the terminal's Ctrl-C (we end children in order), and
/// is not root.
pub(super) fn command(program: &Path, on_our_death: &str, user: Option<&User>) -> Command {
    let mut command = match setpriv() {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", on_our_death, "--"]).arg(program);
            command
        }
        // Without it a leftover is ended at the next start.
        None => Command::new(program),
    };
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command.process_group(0).stdin(Stdio::null());
    command
}

fn setpriv() -> Option<&'static Path> {
    [Path::new("/usr/bin/setpriv"), Path::new("/bin/setpriv")].into_iter().find(|path| path.exists())
}
