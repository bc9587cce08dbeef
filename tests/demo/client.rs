//! A client of the two APIs that knows nothing of how the world was made.

use serde_json::{Value, json};

/// The two servers, as somebody with their tokens sees them.
pub(crate) struct Client {
    http: reqwest::Client,
    crm: (String, String),
    billing: (String, String),
}

/// A status, its headers and its body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn new(
        world: &crossfoot::demo::World,
        servers: &crossfoot::demo::DemoServers,
    ) -> Self {
        // Another test may have installed it: the first one wins.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            crm: (servers.crm_url.clone(), world.crm_token()),
            billing: (servers.billing_url.clone(), world.billing_key()),
        }
    }

    pub(crate) async fn crm(&self, path: &str) -> Reply {
        let (url, token) = &self.crm;
        reply(self.http.get(format!("{url}{path}")).bearer_auth(token)).await
    }

    pub(crate) async fn crm_post(&self, path: &str, body: &Value) -> Reply {
        let (url, token) = &self.crm;
        reply(
            self.http
                .post(format!("{url}{path}"))
                .bearer_auth(token)
                .json(body),
        )
        .await
    }

    pub(crate) async fn billing(&self, path: &str) -> Reply {
        let (url, token) = &self.billing;
        reply(self.http.get(format!("{url}{path}")).bearer_auth(token)).await
    }

    pub(crate) async fn with_token(&self, url: &str, token: Option<&str>) -> Reply {
        let request = self.http.get(url);
        reply(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    /// Every object of a type, page by page, and how many pages there were.
    pub(crate) async fn crm_all(&self, kind: &str, query: &str) -> (Vec<Value>, usize) {
        let (mut all, mut pages) = (Vec::new(), 0);
        let mut after = String::new();
        loop {
            let path = format!("/crm/objects/2026-09/{kind}?limit=100&{query}{after}");
            let page = self.crm(&path).await.body;
            all.extend(page["results"].as_array().unwrap().iter().cloned());
            pages += 1;
            match page["paging"]["next"]["after"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return (all, pages),
            }
        }
    }

    /// Line items by their ids, in chunks.
    pub(crate) async fn line_items(&self, ids: &[String]) -> Vec<Value> {
        let mut all = Vec::new();
        for chunk in ids.chunks(100) {
            let inputs: Vec<Value> = chunk.iter().map(|id| json!({ "id": id })).collect();
            let properties = [
                "hs_sku",
                "quantity",
                "price",
                "hs_discount_percentage",
                "billing_model",
                "hs_line_item_currency_code",
                "hs_recurring_billing_start_date",
            ];
            let body = json!({ "properties": properties, "inputs": inputs });
            let path = "/crm/objects/2026-09/line_items/batch/read";
            let reply = self.crm_post(path, &body).await;
            assert_eq!(reply.status, 200);
            all.extend(reply.body["results"].as_array().unwrap().iter().cloned());
        }
        all
    }

    /// Every record of a list of the billing API, and how many pages there were.
    pub(crate) async fn billing_all(&self, path: &str) -> (Vec<Value>, usize) {
        let (mut all, mut pages) = (Vec::<Value>::new(), 0);
        loop {
            let after = all.last().map_or(String::new(), |last| {
                format!("&starting_after={}", last["id"].as_str().unwrap())
            });
            let page = self.billing(&format!("{path}?limit=100{after}")).await.body;
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            pages += 1;
            if page["has_more"] == json!(false) {
                return (all, pages);
            }
        }
    }
}

async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.json().await.unwrap(),
    }
}
