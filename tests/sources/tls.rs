//! Certificates: a credential goes to nobody who cannot prove to be the configured host.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crossfoot::canonical::Entity;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::harness::{Desk, SINGLE, TOKEN, connector};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn server_config(certificate: &str) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(fixture(certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("mail/localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

/// A server that answers with one page over TLS, and what it heard in the clear of the tunnel.
fn serve(certificate: &str) -> (String, Arc<Mutex<Vec<String>>>) {
    const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
        content-length: 33\r\nconnection: close\r\n\r\n{\"data\":[{\"id\":\"1\",\"sku\":\"S-1\"}]}";
    let config = server_config(certificate);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!(
        "https://127.0.0.1:{}",
        listener.local_addr().unwrap().port()
    );
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    std::thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else {
                return;
            };
            let mut stream = StreamOwned::new(connection, socket);
            let mut request = [0; 4096];
            if let Ok(read) = stream.read(&mut request) {
                let text = String::from_utf8_lossy(&request[..read]).into_owned();
                ears.lock().unwrap().push(text);
                // A client that went away hears nothing.
                let _ = stream.write_all(PAGE);
                let _ = stream.flush();
            }
        }
    });
    (uri, heard)
}

#[tokio::test]
async fn a_certificate_that_proves_nothing_gets_no_credential() {
    // Goal: unknown, expired, not yet valid and foreign certificates end the pull at once, before
    // anything is sent. Method: a TLS server with each, and one that is good.
    for (certificate, authority) in [
        ("sources/good.pem", None),
        ("sources/expired.pem", Some("sources/ca.pem")),
        ("sources/future.pem", Some("sources/ca.pem")),
        ("mail/other.pem", Some("mail/ca.pem")),
        ("mail/localhost.pem", Some("sources/ca.pem")),
    ] {
        let (uri, heard) = serve(certificate);
        let desk = Desk::new();
        let trusted = authority.map_or(String::new(), |authority| {
            format!("\nca = '{}'", fixture(authority).display())
        });
        let config = desk.api(&uri, &connector(SINGLE), &format!("{TOKEN}{trusted}"));
        let failure = desk.pull(&config, "items").await.err().unwrap();
        assert_eq!(failure.code(), "XF-S016", "{certificate}: {failure}");
        assert!(heard.lock().unwrap().is_empty(), "{certificate}");
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_for_its_source() {
    // Goal: `ca` is enough, and the credential travels in the tunnel. Method: a good certificate.
    let (uri, heard) = serve("sources/good.pem");
    let desk = Desk::new();
    let ca = fixture("sources/ca.pem");
    let more = format!("{TOKEN}\nca = '{}'", ca.display());
    let config = desk.api(&uri, &connector(SINGLE), &more);
    let pulled = desk
        .pull(&config, "items")
        .await
        .unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(pulled.ids(Entity::Products), ["1"]);
    assert!(heard.lock().unwrap()[0].contains("Bearer tok-secret-1"));
    // Plain text on the same port is no answer.
    let config = desk.api(&uri.replace("https", "http"), &connector(SINGLE), &more);
    assert!(desk.pull(&config, "items").await.is_err());
    assert_eq!(heard.lock().unwrap().len(), 1);
}
