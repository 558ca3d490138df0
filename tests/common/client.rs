//! A dashboard client, as a person with curl would be one: cookies, the XSRF token, JSON.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

pub struct Client {
    pub base: String,
    http: reqwest::Client,
    cookies: std::collections::BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Client {
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("makes a client");
        Self { base: base.trim_end_matches('/').to_owned(), http, cookies: Default::default() }
    }

    /// Registers a person and logs in.
    pub async fn registered(base: &str, email: &str) -> Self {
        let mut client = Self::new(base);
        let person = json!({"first_name": "Ada", "last_name": "Lovelace", "email": email,
            "password": "correct horse battery", "language": "en"});
        client.post("/api/v1/accounts", person).await.expect(StatusCode::CREATED);
        client.log_in(email).await;
        client
    }

    pub async fn log_in(&mut self, email: &str) {
        let credentials = json!({"email": email, "password": "correct horse battery"});
        self.post("/api/v1/session", credentials).await.expect_success();
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    /// The body as it is.
    pub async fn get_bytes(&mut self, path: &str) -> Vec<u8> {
        let response = self.request(Method::GET, path).send().await.expect("the program answers");
        assert_eq!(response.status(), StatusCode::OK);
        response.bytes().await.expect("the answer arrives whole").into()
    }

    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub async fn put(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn patch(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// Sends a file as the body itself.
    pub async fn upload(&mut self, path: &str, media_type: &str, file: &'static [u8]) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", media_type).body(file);
        let response = request.send().await.expect("the program answers");
        Answer::of(response).await
    }

    /// The value of a cookie that the program gave.
    pub fn cookie(&self, name: &str) -> String {
        self.cookies.get(name).expect("has the cookie").clone()
    }

    /// Goes on without a cookie that the program gave.
    pub fn forget_cookie(&mut self, name: &str) {
        self.cookies.remove(name).expect("has the cookie");
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.expect("the program answers");
        self.keep_cookies(&response);
        Answer::of(response).await
    }

    /// With the cookies and the XSRF token.
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.cookies.is_empty() {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(token) = self.cookies.get("XSRF-TOKEN") {
            request = request.header("x-xsrf-token", token);
        }
        request
    }

    fn keep_cookies(&mut self, response: &Response) {
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie is text");
            let (name, value) =
                cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("name=value");
            match value.is_empty() {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("the answer arrives whole");
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Self { status, headers, body }
    }

    #[track_caller]
    pub fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{:?}", self.body);
        self
    }

    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!(self.status.is_success(), "{} {:?}", self.status, self.body);
        self
    }

    /// The field at fault, of a problem that names one.
    pub fn field(&self) -> Option<&str> {
        self.body["errors"][0]["field"].as_str()
    }

    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"].as_str().expect("the answer has an id").to_owned()
    }
}
