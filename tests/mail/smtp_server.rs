//! A small SMTP server on loopback that does as it is told and remembers what it heard. It speaks
//! over real sockets, in threads of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How a server behaves.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    /// The certificate, by its file's name; no TLS without it.
    pub(crate) certificate: Option<&'static str>,
    /// TLS from the first byte.
    pub(crate) is_tls_first: bool,
    /// Whether STARTTLS is offered.
    pub(crate) offers_starttls: bool,
    /// Sent in the clear in one go with the answer to STARTTLS.
    pub(crate) injected: Option<&'static str>,
    /// The answer to AUTH; none offers no AUTH.
    pub(crate) auth: Option<&'static str>,
    /// The SIZE that is announced.
    pub(crate) size: Option<usize>,
    /// Answers to RCPT in the order of connections; the last one stays.
    pub(crate) recipients: Vec<&'static str>,
    /// An answer to RCPT for one address.
    pub(crate) refused: Option<(&'static str, &'static str)>,
    /// The answer after the final dot; `drop` closes without one.
    pub(crate) after_data: Option<&'static str>,
    /// The answer to the connection.
    pub(crate) banner: Option<&'static str>,
}

/// What a server heard.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard {
    pub(crate) connections: usize,
    /// Commands in the clear.
    pub(crate) plain: Vec<String>,
    /// Commands under TLS.
    pub(crate) secured: Vec<String>,
    /// Mails with their recipients, as they were taken.
    pub(crate) mails: Vec<(String, Vec<u8>)>,
}

/// A running server; it ends with the process.
pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl SmtpServer {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let shared = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let index = {
                    let mut heard = shared.lock().unwrap();
                    heard.connections += 1;
                    heard.connections - 1
                };
                let session = Session {
                    behaviour: behaviour.clone(),
                    heard: Arc::clone(&shared),
                    index,
                };
                // A client that goes away is part of some tests.
                std::thread::spawn(move || session.run(stream));
            }
        });
        Self { port, heard }
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/mail")
        .join(name)
}

struct Session {
    behaviour: Behaviour,
    heard: Arc<Mutex<Heard>>,
    index: usize,
}

enum Next {
    Close,
    Secure,
}

impl Session {
    fn run(self, stream: TcpStream) -> Option<()> {
        if self.behaviour.is_tls_first {
            self.run_secured(stream, true);
            return None;
        }
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut writer = stream.try_clone().ok()?;
        let next = self.talk(&mut reader, &mut writer, false, true)?;
        if matches!(next, Next::Secure) {
            self.run_secured(stream, false);
        } else {
            stream.shutdown(Shutdown::Both).ok()?;
        }
        None
    }

    fn run_secured(&self, stream: TcpStream, greets: bool) -> Option<()> {
        let connection = ServerConnection::new(self.tls()?).ok()?;
        let mut tls = StreamOwned::new(connection, stream);
        // One object reads and writes, so lines are read byte by byte.
        if greets {
            answer(&mut tls, self.banner());
        }
        loop {
            let line = read_line(&mut tls)?;
            let mut rest = Unbuffered(&mut tls);
            match self.command(&line, &mut rest, true)? {
                Answer::Text(text) => answer(rest.0, &text),
                Answer::Last(text) => {
                    answer(rest.0, &text);
                    return None;
                }
                Answer::Drop | Answer::Secure(_) => return None,
            }
        }
    }

    fn talk(
        &self,
        reader: &mut BufReader<TcpStream>,
        writer: &mut TcpStream,
        is_secured: bool,
        greets: bool,
    ) -> Option<Next> {
        if greets {
            answer(writer, self.banner());
        }
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return Some(Next::Close);
            }
            match self.command(line.trim_end(), reader, is_secured)? {
                Answer::Text(text) => answer(writer, &text),
                Answer::Last(text) => {
                    answer(writer, &text);
                    return Some(Next::Close);
                }
                Answer::Drop => return Some(Next::Close),
                Answer::Secure(text) => {
                    answer(writer, &text);
                    return Some(Next::Secure);
                }
            }
        }
    }

    fn banner(&self) -> &'static str {
        self.behaviour.banner.unwrap_or("220 localhost ESMTP")
    }

    fn command(&self, line: &str, reader: &mut dyn ByteSource, is_secured: bool) -> Option<Answer> {
        {
            let mut heard = self.heard.lock().unwrap();
            let list = if is_secured {
                &mut heard.secured
            } else {
                &mut heard.plain
            };
            list.push(line.to_owned());
        }
        let behaviour = &self.behaviour;
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        Some(match verb.as_str() {
            "EHLO" => {
                let mut lines = vec!["localhost".to_owned(), "8BITMIME".to_owned()];
                if behaviour.offers_starttls && !is_secured {
                    lines.push("STARTTLS".to_owned());
                }
                if behaviour.auth.is_some() {
                    lines.push("AUTH PLAIN LOGIN".to_owned());
                }
                if let Some(size) = behaviour.size {
                    lines.push(format!("SIZE {size}"));
                }
                let last = lines.len() - 1;
                let text: Vec<String> = lines
                    .into_iter()
                    .enumerate()
                    .map(|(index, line)| {
                        format!("250{}{line}", if index == last { " " } else { "-" })
                    })
                    .collect();
                Answer::Text(text.join("\r\n"))
            }
            "STARTTLS" => {
                let injected = behaviour.injected.map(|text| format!("\r\n{text}"));
                Answer::Secure(format!("220 ready{}", injected.unwrap_or_default()))
            }
            "AUTH" => Answer::Text(behaviour.auth.unwrap_or("503 no").to_owned()),
            "MAIL" => Answer::Text("250 ok".to_owned()),
            "RCPT" => Answer::Text(self.recipient_answer(line)),
            "DATA" => {
                reader.answer_now("354 go on");
                let mail = reader.read_mail()?;
                let answer = behaviour.after_data.unwrap_or("250 taken");
                let is_kept = answer.starts_with("250") || answer == "drop";
                if is_kept {
                    let mut heard = self.heard.lock().unwrap();
                    let recipient = heard
                        .plain
                        .iter()
                        .chain(&heard.secured)
                        .rfind(|line| line.starts_with("RCPT"))
                        .cloned()
                        .unwrap_or_default();
                    heard.mails.push((recipient, mail));
                }
                if answer == "drop" {
                    Answer::Drop
                } else {
                    Answer::Text(answer.to_owned())
                }
            }
            "QUIT" => Answer::Last("221 bye".to_owned()),
            _ => Answer::Text("502 what?".to_owned()),
        })
    }

    fn recipient_answer(&self, line: &str) -> String {
        if let Some((address, answer)) = self.behaviour.refused
            && line.contains(address)
        {
            return answer.to_owned();
        }
        let answers = &self.behaviour.recipients;
        let answer = answers.get(self.index).or_else(|| answers.last());
        answer.copied().unwrap_or("250 ok").to_owned()
    }

    fn tls(&self) -> Option<Arc<ServerConfig>> {
        let chain = CertificateDer::pem_file_iter(fixture(self.behaviour.certificate?))
            .ok()?
            .collect::<Result<Vec<_>, _>>()
            .ok()?;
        let key = PrivateKeyDer::from_pem_file(fixture("localhost.key")).ok()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .ok()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .ok()?;
        Some(Arc::new(config))
    }
}

fn answer(writer: &mut impl Write, text: &str) {
    // A client that went away hears nothing.
    let _ = writer.write_all(format!("{text}\r\n").as_bytes());
    let _ = writer.flush();
}

enum Answer {
    Text(String),
    Last(String),
    Secure(String),
    Drop,
}

/// Where the bytes of a mail come from, and where the word to send them goes.
trait ByteSource {
    fn answer_now(&mut self, text: &str);
    fn next_byte(&mut self) -> Option<u8>;

    /// Reads up to the line with the dot, and undoes the doubled dots.
    fn read_mail(&mut self) -> Option<Vec<u8>> {
        let mut raw = Vec::new();
        while !raw.ends_with(b"\r\n.\r\n") {
            raw.push(self.next_byte()?);
        }
        raw.truncate(raw.len() - 3);
        let text = String::from_utf8(raw).unwrap();
        let lines: Vec<&str> = text
            .split("\r\n")
            .map(|line| line.strip_prefix('.').unwrap_or(line))
            .collect();
        Some(lines.join("\r\n").into_bytes())
    }
}

impl ByteSource for BufReader<TcpStream> {
    fn answer_now(&mut self, text: &str) {
        let _ = self.get_mut().write_all(format!("{text}\r\n").as_bytes());
    }

    fn next_byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }
}

struct Unbuffered<'a>(&'a mut StreamOwned<ServerConnection, TcpStream>);

impl ByteSource for Unbuffered<'_> {
    fn answer_now(&mut self, text: &str) {
        let _ = self.0.write_all(format!("{text}\r\n").as_bytes());
        let _ = self.0.flush();
    }

    fn next_byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.0.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }
}

fn read_line(stream: &mut impl Read) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte).ok()?;
        line.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}
