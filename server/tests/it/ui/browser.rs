//! A browser small enough for a test: it keeps cookies, follows no redirect by itself, and fills in forms.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use protocol::Secret;
use reqwest::header::{ACCEPT, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, StatusCode, redirect};
use server::actions;
use server::app::App;
use server::http;
use server::store::admins::Role;

use crate::world::tester;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// One browser, pointed at a server of its own.
pub(crate) struct Browser {
    base: String,
    client: Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What came back.
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Shown {
    /// Where the answer leads.
    pub(crate) fn to(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn cookie(&self) -> &str {
        self.headers.get(SET_COOKIE).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first field of that name.
    pub(crate) fn field(&self, name: &str) -> String {
        let at = self.text.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name}"));
        let rest = &self.text[at..];
        let value = &rest[rest.find("value=\"").unwrap() + 7..];
        value[..value.find('"').unwrap()].replace("&#38;", "&")
    }

    /// The page without its frame, for a message.
    fn main(&self) -> &str {
        self.text.find("<main").map_or(&self.text, |at| &self.text[at..])
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(
            self.text.contains(words),
            "{words:?} is not in the page ({}):\n{}",
            self.status,
            self.main()
        );
        self
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.main());
        self
    }

    #[track_caller]
    pub(crate) fn leads_to(&self, place: &str) -> &Self {
        self.is(303);
        assert_eq!(self.to(), place);
        self
    }
}

/// What an open page is told.
pub(crate) struct Events {
    answer: reqwest::Response,
    text: String,
    /// Up to here it was looked at.
    read: usize,
}

impl Events {
    /// Reads on until each of these events has come.
    #[track_caller]
    pub(crate) fn tell<'a>(&'a mut self, events: &'a [&str]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let come = |text: &str, event: &str| text.lines().any(|line| line == format!("event: {event}"));
            while !events.iter().all(|event| come(&self.text[self.read..], event)) {
                let chunk = self.chunk().await;
                assert!(chunk, "{caller}: the stream has ended, {events:?} were awaited: {}", self.text);
            }
            self.read = self.text.len();
        }
    }

    /// Reads on until the stream has ended.
    pub(crate) async fn ends(&mut self) {
        while self.chunk().await {}
    }

    /// All that came so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    async fn chunk(&mut self) -> bool {
        let chunk = tokio::time::timeout(Duration::from_secs(20), self.answer.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("nothing more came after {}", self.text)).unwrap();
        self.text.push_str(chunk.as_deref().map_or("", |octets| str::from_utf8(octets).unwrap()));
        chunk.is_some()
    }
}

impl Browser {
    /// Serves the pages on loopback.
    pub(crate) async fn open(app: &App) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = http::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { base, client, cookies: Mutex::default() }
    }

    /// An administrator of the role who is signed in.
    pub(crate) async fn of(app: &App, role: Role) -> Self {
        let browser = Self::open(app).await;
        let email = format!("{}@corp.example", role.as_str());
        admin(app, &email, role).await;
        browser.sign_in(&email, PASSWORD, "/").await.is(303);
        browser
    }

    /// As its owner.
    pub(crate) async fn owner(app: &App) -> Self {
        Self::of(app, Role::Owner).await
    }

    pub(crate) async fn get(&self, path: &str) -> Shown {
        self.answered(self.client.get(format!("{}{path}", self.base))).await
    }

    /// As a program with an API token asks.
    pub(crate) async fn api(&self, path: &str, token: &str, accept: &str) -> Shown {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(token);
        self.answered(request.header("accept", accept)).await
    }

    /// Sends a form as it is given, from one of our own pages.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.send_from(&self.base, path, fields).await
    }

    pub(crate) async fn send_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.answered(self.client.post(format!("{}{path}", self.base)).header(ORIGIN, origin).form(fields))
            .await
    }

    /// Sends a form with the token of the page that it stands on.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let csrf = self.get("/account").await.field("csrf");
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.send(path, &all).await
    }

    /// Sends the settings' form and saves what the review shows.
    pub(crate) async fn save_settings(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let sent = self.submit(path, fields).await;
        sent.is(303);
        assert!(sent.to().contains("/settings/review/"), "nothing was to be reviewed: {}", sent.to());
        let saved = self.submit(sent.to(), &[]).await;
        saved.is(303);
        saved
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str, next: &str) -> Shown {
        let csrf = self.get("/login").await.field("csrf");
        let fields = [("csrf", csrf.as_str()), ("email", email), ("password", password), ("next", next)];
        self.send("/login", &fields).await
    }

    /// Signs in with a second factor.
    pub(crate) async fn sign_in_by(&self, email: &str, code: &str) -> Shown {
        let csrf = self.get("/login").await.field("csrf");
        let fields = [("csrf", csrf.as_str()), ("email", email), ("password", PASSWORD), ("code", code)];
        self.send("/login", &fields).await
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.into(), value.into());
    }

    /// Asks with headers of its own.
    pub(crate) async fn asks(&self, path: &str, headers: &[(&str, &str)]) -> Shown {
        let mut request = self.client.get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answered(request).await
    }

    /// Opens a stream of events, as an open page does.
    pub(crate) async fn events(&self, path: &str) -> Events {
        let request = self.client.get(format!("{}{path}", self.base)).header(ACCEPT, "text/event-stream");
        let answer = request.header(COOKIE, self.cookies()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Events { answer, text: String::new(), read: 0 }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn cookies(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn answered(&self, request: reqwest::RequestBuilder) -> Shown {
        let answer = request.header(COOKIE, self.cookies()).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        for line in headers.get_all(SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() {
                cookies.remove(name)
            } else {
                cookies.insert(name.into(), value.into())
            };
        }
        Shown { status, headers, text: without_icons(&answer.text().await.unwrap()) }
    }
}

/// The page as it reads: icons only go with words.
fn without_icons(page: &str) -> String {
    let mut parts = page.split("<svg class=\"icon\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once("</svg>").map_or("", |(_, rest)| rest))
}

pub(crate) async fn admin(app: &App, email: &str, role: Role) {
    let password = Secret::new(PASSWORD.into());
    actions::admins::create(app, &tester(), email, role, password).await.unwrap();
}
