//! An OpenID Connect provider that says whatever a test wants it to say, also what no provider should.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(super) const CLIENT: &str = "adit";
pub(super) const CLIENT_SECRET: &str = "a client's secret / 100%";

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    Well,
    /// By the algorithm `none`.
    Not,
    /// With the public key as the secret of an HMAC.
    WithPublicKey,
    ByAnotherKey,
    /// Well, by a key of an id that is not among the keys.
    ByUnknownId,
}

/// What it says.
pub(super) struct Says {
    /// Laid over the claims; null takes one away.
    pub(super) claims: Value,
    pub(super) signed: Signed,
    pub(super) userinfo: Value,
    /// Laid over the description.
    pub(super) description: Value,
    /// The answer to the code instead of tokens.
    pub(super) refusal: Option<(u16, Value)>,
    pub(super) now: i64,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// What was authorised, by its code.
    codes: Arc<Mutex<BTreeMap<String, BTreeMap<String, String>>>>,
    key: Arc<EcdsaKeyPair>,
    other_key: Arc<EcdsaKeyPair>,
}

fn key() -> Arc<EcdsaKeyPair> {
    let rng = SystemRandom::new();
    let octets = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    Arc::new(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, octets.as_ref(), &rng).unwrap())
}

fn text(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

fn laid_over(mut below: Value, above: &Value) -> Value {
    for (name, value) in above.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(below.as_object_mut().unwrap().remove(name)),
            value => below[name] = value.clone(),
        }
    }
    below
}

impl Provider {
    pub(super) async fn start(now: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let says = Says {
            claims: json!({}),
            signed: Signed::Well,
            userinfo: json!({}),
            description: json!({}),
            refusal: None,
            now,
        };
        let provider = Self {
            issuer: format!("http://{}/", listener.local_addr().unwrap()),
            says: Arc::new(Mutex::new(says)),
            asked: Arc::default(),
            codes: Arc::default(),
            key: key(),
            other_key: key(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(description))
            .route("/token", post(tokens))
            .route("/keys", get(keys))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// How often something was asked for.
    pub(super) fn asked(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == what).count()
    }

    fn count(&self, what: &str) {
        self.asked.lock().unwrap().push(what.into());
    }

    /// What somebody comes back with who signed in at that address.
    pub(super) fn authorise(&self, address: &str) -> BTreeMap<String, String> {
        let url = reqwest::Url::parse(address).unwrap();
        assert!(address.starts_with(&format!("{}authorize?", self.issuer)), "{address}");
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let mut codes = self.codes.lock().unwrap();
        let code = format!("code-{}", codes.len());
        let state = asked["state"].clone();
        codes.insert(code.clone(), asked);
        BTreeMap::from([("code".into(), code), ("state".into(), state)])
    }

    fn token(&self, nonce: &str) -> String {
        let says = self.says.lock().unwrap();
        let claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": "sub-1", "iat": says.now, "exp": says.now + 300, "nonce": nonce,
            "auth_time": says.now, "email": "ada@corp.example", "email_verified": true,
        });
        let claims = laid_over(claims, &says.claims);
        let header = match says.signed {
            Signed::Not => json!({"alg": "none"}),
            Signed::WithPublicKey => json!({"alg": "HS256", "kid": "one"}),
            Signed::ByUnknownId => json!({"alg": "ES256", "kid": "two"}),
            Signed::Well | Signed::ByAnotherKey => json!({"alg": "ES256", "kid": "one"}),
        };
        let message = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        let signature = match says.signed {
            Signed::Not => Vec::new(),
            Signed::WithPublicKey => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.key.public_key().as_ref());
                ring::hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            signed => {
                let key = if signed == Signed::ByAnotherKey { &self.other_key } else { &self.key };
                key.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
            }
        };
        format!("{message}.{}", text(signature))
    }
}

async fn description(State(provider): State<Provider>) -> Json<Value> {
    provider.count("description");
    let at = |path: &str| format!("{}{path}", provider.issuer);
    let plain = json!({
        "issuer": provider.issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
        "jwks_uri": at("keys"), "userinfo_endpoint": at("userinfo"),
    });
    Json(laid_over(plain, &provider.says.lock().unwrap().description))
}

/// Refuses what RFC 6749 and RFC 7636 have it refuse.
async fn tokens(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    provider.count("tokens");
    if let Some((status, body)) = &provider.says.lock().unwrap().refusal {
        return (StatusCode::from_u16(*status).unwrap(), Json(body.clone()));
    }
    let refuse = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error})));
    // Form-encoded before it is joined: "a client's secret / 100%".
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:a+client%27s+secret+%2F+100%25")));
    if headers.get("authorization").is_none_or(|value| *value != expected) {
        return refuse("invalid_client");
    }
    let Some(asked) = provider.codes.lock().unwrap().remove(&form["code"]) else {
        return refuse("invalid_grant");
    };
    let challenge = text(digest(&SHA256, form["code_verifier"].as_bytes()));
    if asked["code_challenge"] != challenge || asked["code_challenge_method"] != "S256" {
        return refuse("invalid_grant");
    }
    if asked["redirect_uri"] != form["redirect_uri"] || form["grant_type"] != "authorization_code" {
        return refuse("invalid_request");
    }
    let tokens = json!({
        "token_type": "Bearer", "access_token": "an-access-token", "id_token": provider.token(&asked["nonce"]),
    });
    (StatusCode::OK, Json(tokens))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    provider.count("keys");
    let point = provider.key.public_key().as_ref();
    let key = json!({
        "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "alg": "ES256", "x": text(&point[1..33]),
        "y": text(&point[33..]),
    });
    let of_others = json!({"kty": "unheard of", "kid": "three"});
    Json(json!({"keys": [of_others, key]}))
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Json<Value> {
    provider.count("userinfo");
    assert_eq!(headers["authorization"], "Bearer an-access-token");
    Json(provider.says.lock().unwrap().userinfo.clone())
}
