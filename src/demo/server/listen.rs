//! Listening: two ports of the loopback interface, and the switches that a demo or a test turns.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::gate::{Outage, ServerName, refusal, response};
use super::request::Request;
use super::{billing, crm};
use crate::demo::error::DemoError;
use crate::demo::night::Night;
use crate::demo::world::World;
use crate::fault::Failure;

#[derive(Debug, Clone, Copy)]
struct Switches {
    night: Night,
    crm: Option<Outage>,
    billing: Option<Outage>,
}

/// Both servers, which answer until this is dropped.
#[derive(Debug)]
pub struct DemoServers {
    /// Where the CRM answers.
    pub crm_url: String,
    /// Where the billing API answers.
    pub billing_url: String,
    switches: Arc<Mutex<Switches>>,
    tasks: [AbortHandle; 2],
}

impl DemoServers {
    /// From now on both show what they hold on that night.
    pub fn set_night(&self, night: Night) {
        self.switch(|switches| switches.night = night);
    }

    /// From now on a server fails in that way; with nothing, it answers again.
    pub fn set_outage(&self, server: ServerName, outage: Option<Outage>) {
        self.switch(|switches| match server {
            ServerName::Crm => switches.crm = outage,
            ServerName::Billing => switches.billing = outage,
        });
    }

    fn switch(&self, turn: impl FnOnce(&mut Switches)) {
        turn(&mut self.switches.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for DemoServers {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

struct Door {
    name: ServerName,
    world: Arc<World>,
    switches: Arc<Mutex<Switches>>,
    token: String,
    origin: String,
    request_count: AtomicU64,
}

/// Starts both servers on free ports of 127.0.0.1, on the first night and without an outage. They
/// run on the caller's runtime.
pub async fn serve(world: Arc<World>) -> Result<DemoServers, Failure> {
    let switches = Arc::new(Mutex::new(Switches {
        night: Night::First,
        crm: None,
        billing: None,
    }));
    let open = |name| open(name, Arc::clone(&world), Arc::clone(&switches));
    let (crm_url, crm_task) = open(ServerName::Crm).await?;
    let (billing_url, billing_task) = open(ServerName::Billing).await?;
    Ok(DemoServers {
        crm_url,
        billing_url,
        switches,
        tasks: [crm_task, billing_task],
    })
}

async fn open(
    name: ServerName,
    world: Arc<World>,
    switches: Arc<Mutex<Switches>>,
) -> Result<(String, AbortHandle), DemoError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(DemoError::Listen)?;
    let address = listener.local_addr().map_err(DemoError::Listen)?;
    let origin = format!("http://{address}");
    let token = match name {
        ServerName::Crm => world.crm_token(),
        ServerName::Billing => world.billing_key(),
    };
    let door = Arc::new(Door {
        name,
        world,
        switches,
        token,
        origin: origin.clone(),
        request_count: AtomicU64::new(0),
    });
    let router = Router::new().fallback(answer).with_state(door);
    let task = tokio::spawn(async move {
        // A listener on loopback ends only with the task.
        let _ = axum::serve(listener, router).await;
    });
    Ok((origin, task.abort_handle()))
}

async fn answer(
    State(door): State<Arc<Door>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let switches = *door.switches.lock().unwrap_or_else(PoisonError::into_inner);
    let request_count = door.request_count.fetch_add(1, Ordering::Relaxed);
    let state = door.world.night(switches.night);
    let outage = match door.name {
        ServerName::Crm => switches.crm,
        ServerName::Billing => switches.billing,
    };
    let answer = refusal(door.name, outage, &headers, &door.token).unwrap_or_else(|| {
        let request = read(method, &uri, &body, &door.origin);
        match door.name {
            ServerName::Crm => crm::answer(&state, &request),
            ServerName::Billing => billing::answer(&state, &request),
        }
    });
    response(door.name, &answer, state.at(), request_count)
}

fn read(method: Method, uri: &Uri, body: &[u8], origin: &str) -> Request {
    let pairs = |text: &str| {
        url::form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect::<Vec<(String, String)>>()
    };
    Request {
        method,
        path: uri
            .path()
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
        query: uri.query().map(pairs).unwrap_or_default(),
        body: String::from_utf8_lossy(body).into_owned(),
        origin: origin.to_owned(),
    }
}
