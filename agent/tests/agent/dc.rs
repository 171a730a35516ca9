//! The LDAP stand-in: answers as a Windows domain controller does where Samba is more lenient, page limits and automatic
//! ranges above all, and fails as a test scripts it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::ber;
use crate::certificates::{Authority, Identity};
use crate::directory::{Directory, SERVICE};

mod answer;
mod request;

pub(crate) use request::{Request, Search};

/// Windows' default MaxPageSize.
pub(crate) const MAX_PAGE: usize = 1000;
/// Windows' default MaxValRange.
pub(crate) const MAX_RANGE: usize = 1500;

/// What goes wrong with a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No answer ever comes.
    Silence,
    /// The connection closes after this many entries.
    Reset(usize),
    /// After this many entries comes this result code.
    Result(usize, u8),
    /// The page ends without saying whether there are more.
    NoCookie,
    /// Success, and nothing in it.
    Nothing,
}

type Picks = Box<dyn Fn(&Search) -> bool + Send>;
type Changes = Box<dyn FnOnce(&mut Directory) + Send>;

/// How the listener behaves.
pub(crate) struct Behaviour {
    pub(crate) identity: Option<Identity>,
    pub(crate) accept_plain: bool,
    pub(crate) password: String,
    /// `52e` and the like; refuses every bind.
    pub(crate) refuse_bind: Option<&'static str>,
    faults: Vec<(Picks, Fault, bool)>,
    /// Changes made right after a search has been answered.
    afterwards: VecDeque<(Picks, Changes)>,
}

pub(crate) struct State {
    pub(crate) directory: Directory,
    pub(crate) behaviour: Behaviour,
    pub(crate) searches: Vec<Search>,
    pub(crate) binds: Vec<String>,
    pub(crate) open: usize,
}

/// A domain controller on a port of its own.
#[derive(Clone)]
pub(crate) struct Dc {
    state: Arc<Mutex<State>>,
    seen: watch::Sender<u64>,
    pub(crate) port: u16,
    pub(crate) ca_pem: String,
    pub(crate) authority: Arc<Authority>,
}

impl Dc {
    pub(crate) async fn start() -> Self {
        let authority = Authority::new();
        let behaviour = Behaviour {
            identity: Some(authority.issue(&["localhost", "127.0.0.1"])),
            accept_plain: false,
            password: "Secret-1".into(),
            refuse_bind: None,
            faults: Vec::new(),
            afterwards: VecDeque::new(),
        };
        let state = State {
            directory: Directory::new(),
            behaviour,
            searches: Vec::new(),
            binds: Vec::new(),
            open: 0,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dc = Self {
            state: Arc::new(Mutex::new(state)),
            seen: watch::channel(0).0,
            port: listener.local_addr().unwrap().port(),
            ca_pem: authority.pem(),
            authority: Arc::new(authority),
        };
        let serving = dc.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let dc = serving.clone();
                tokio::spawn(async move { dc.welcome(stream).await });
            }
        });
        dc
    }

    pub(crate) fn url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.port)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Changes what the directory holds.
    pub(crate) fn edit<T>(&self, change: impl FnOnce(&mut Directory) -> T) -> T {
        change(&mut self.lock().directory)
    }

    /// The next search that `picks` goes wrong.
    pub(crate) fn fail_once(&self, picks: impl Fn(&Search) -> bool + Send + 'static, fault: Fault) {
        self.lock().behaviour.faults.push((Box::new(picks), fault, true));
    }

    /// Every search that `picks` goes wrong, until [`Dc::heal`].
    pub(crate) fn fail(&self, picks: impl Fn(&Search) -> bool + Send + 'static, fault: Fault) {
        self.lock().behaviour.faults.push((Box::new(picks), fault, false));
    }

    pub(crate) fn heal(&self) {
        self.lock().behaviour.faults.clear();
    }

    /// Once such a search has been answered, something changes.
    pub(crate) fn after(
        &self,
        picks: impl Fn(&Search) -> bool + Send + 'static,
        change: impl FnOnce(&mut Directory) + Send + 'static,
    ) {
        self.lock().behaviour.afterwards.push_back((Box::new(picks), Box::new(change)));
    }

    /// Waits until `count` searches that `picks` have come since now.
    pub(crate) async fn wait_for_searches(&self, count: usize, picks: impl Fn(&Search) -> bool) {
        let before = self.lock().searches.len();
        let mut seen = self.seen.subscribe();
        let came = async {
            while self.lock().searches[before..].iter().filter(|search| picks(search)).count() < count {
                seen.changed().await.unwrap();
            }
        };
        tokio::time::timeout(crate::world::DEADLINE, came).await.expect("the searches came");
    }

    /// Waits until nobody is connected.
    pub(crate) async fn wait_until_closed(&self) {
        let mut seen = self.seen.subscribe();
        let closed = async {
            while self.lock().open > 0 {
                seen.changed().await.unwrap();
            }
        };
        tokio::time::timeout(crate::world::DEADLINE, closed).await.expect("the connections were closed");
    }

    async fn welcome(&self, stream: TcpStream) {
        let mut first = [0];
        if stream.peek(&mut first).await.unwrap_or(0) == 0 {
            return;
        }
        // 0x16 begins a TLS handshake, 0x30 an LDAP message.
        if first[0] != 0x16 {
            return self.serve(stream, false).await;
        }
        let acceptor = self.lock().behaviour.identity.as_ref().map(Identity::acceptor);
        let Some(acceptor) = acceptor else { return };
        if let Ok(stream) = acceptor.accept(stream).await {
            self.serve(stream, true).await;
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S, secure: bool) {
        self.lock().open += 1;
        let (mut buffer, mut octets) = (Vec::new(), [0; 8192]);
        'connection: while let Ok(count @ 1..) = stream.read(&mut octets).await {
            buffer.extend_from_slice(&octets[..count]);
            while let Some(tag) = ber::take(&mut buffer) {
                match self.answer(Request::read(tag), secure) {
                    Answer::Send(answer) if stream.write_all(&answer).await.is_ok() => {}
                    Answer::Nothing => {}
                    Answer::SendAndClose(answer) => {
                        let _ = stream.write_all(&answer).await;
                        break 'connection;
                    }
                    Answer::Send(_) | Answer::Close => break 'connection,
                }
            }
        }
        let _ = stream.shutdown().await;
        self.lock().open -= 1;
        self.seen.send_modify(|seen| *seen += 1);
    }

    fn answer(&self, request: Request, secure: bool) -> Answer {
        let answer = match request {
            Request::Bind { id, user, password } => {
                Answer::Send(ber::message(id, self.bind(&user, &password, secure), Vec::new()))
            }
            Request::Search(search) => self.search(search),
            Request::Unbind => Answer::Close,
            Request::Other => Answer::Nothing,
        };
        self.seen.send_modify(|seen| *seen += 1);
        answer
    }

    fn bind(&self, user: &str, password: &str, secure: bool) -> Vec<u8> {
        let mut state = self.lock();
        state.binds.push(user.to_owned());
        if !secure && !state.behaviour.accept_plain {
            return ber::result(
                0x61,
                8,
                "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking",
            );
        }
        let known = [SERVICE, "svc@example.com", r"EXAMPLE\svc"].contains(&user);
        let right = known && password == state.behaviour.password;
        match state.behaviour.refuse_bind.or((!right).then_some("52e")) {
            None => ber::result(0x61, 0, ""),
            Some(data) => {
                let text = format!(
                    "80090308: LdapErr: DSID-0C090421, comment: AcceptSecurityContext error, data {data}, v4563\0"
                );
                ber::result(0x61, 49, &text)
            }
        }
    }

    fn search(&self, search: Search) -> Answer {
        let mut state = self.lock();
        state.searches.push(search.clone());
        let at = state.behaviour.faults.iter().position(|(picks, ..)| picks(&search));
        let fault = at.map(|at| match state.behaviour.faults[at].2 {
            true => state.behaviour.faults.remove(at).1,
            false => state.behaviour.faults[at].1,
        });
        let answer = answer::answer(&state.directory, &search, fault);
        let at = state.behaviour.afterwards.iter().position(|(picks, _)| picks(&search));
        if let Some((_, change)) = at.and_then(|at| state.behaviour.afterwards.remove(at)) {
            change(&mut state.directory);
        }
        answer
    }
}

/// What goes back.
pub(crate) enum Answer {
    Send(Vec<u8>),
    SendAndClose(Vec<u8>),
    Nothing,
    Close,
}
