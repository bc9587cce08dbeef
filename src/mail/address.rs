//! Addresses: what is one, and which domains mail may go to.

use lettre::Address;
use lettre::message::Mailbox;

use super::MailError;
use crate::fault::Failure;

/// Checks that every recipient is an address of an allowed domain; `None` allows every domain.
/// Stops at the first that is not.
pub fn validate_recipients(
    recipients: &[String],
    allowed_domains: Option<&[String]>,
) -> Result<(), Failure> {
    match check_recipients(recipients, allowed_domains)
        .into_iter()
        .next()
    {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

/// All that is wrong with a list of recipients, for a check that tells everything at once.
pub fn check_recipients(
    recipients: &[String],
    allowed_domains: Option<&[String]>,
) -> Vec<MailError> {
    recipients
        .iter()
        .filter_map(|recipient| {
            parse_address("to", recipient)
                .and_then(|address| check_domain(&address, allowed_domains))
                .err()
        })
        .collect()
}

fn check_domain(address: &Address, allowed_domains: Option<&[String]>) -> Result<(), MailError> {
    let Some(allowed) = allowed_domains else {
        return Ok(());
    };
    let is_allowed = allowed.iter().any(|domain| {
        ascii_domain(domain.trim())
            .is_some_and(|domain| domain.eq_ignore_ascii_case(address.domain()))
    });
    if is_allowed {
        Ok(())
    } else {
        Err(MailError::Domain {
            address: address.to_string(),
        })
    }
}

/// An address with its domain in the form that every server understands: `user@xn--mnchen-3ya.de`.
/// The part before the `@` must be ASCII, since few servers take anything else.
pub(super) fn parse_address(field: &str, text: &str) -> Result<Address, MailError> {
    let wrong = || MailError::Address {
        field: field.to_owned(),
        address: text
            .chars()
            .filter(|letter| !letter.is_control())
            .take(100)
            .collect(),
    };
    let (user, domain) = text.trim().rsplit_once('@').ok_or_else(wrong)?;
    if !user.is_ascii()
        || user
            .chars()
            .any(|letter| letter.is_control() || letter == ' ')
    {
        return Err(wrong());
    }
    let domain = ascii_domain(domain).ok_or_else(wrong)?;
    Address::new(user, domain).map_err(|_| wrong())
}

/// A sender: `Name <address>` or a bare address.
pub(super) fn parse_mailbox(field: &str, text: &str) -> Result<Mailbox, MailError> {
    let wrong = || MailError::Address {
        field: field.to_owned(),
        address: text
            .chars()
            .filter(|letter| !letter.is_control())
            .take(100)
            .collect(),
    };
    if text.chars().any(char::is_control) {
        return Err(wrong());
    }
    let Some((name, rest)) = text.trim().rsplit_once('<') else {
        return Ok(Mailbox::new(None, parse_address(field, text)?));
    };
    let address = rest.strip_suffix('>').ok_or_else(wrong)?;
    let name = name.trim().trim_matches('"').trim();
    let name = (!name.is_empty()).then(|| name.to_owned());
    Ok(Mailbox::new(name, parse_address(field, address)?))
}

fn ascii_domain(domain: &str) -> Option<String> {
    if domain.is_empty() || domain.contains(|letter: char| letter.is_whitespace() || letter == '%')
    {
        return None;
    }
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(name)) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_and_domains_are_ascii() {
        assert_eq!(
            parse_address("to", "chef@münchen.example")
                .unwrap()
                .to_string(),
            "chef@xn--mnchen-3ya.example"
        );
        for wrong in [
            "",
            "cfo",
            "cfo@",
            "@northwind.example",
            "cfo@north wind.example",
            "a@b.example\r\nBcc: x@y.example",
            "jörg@northwind.example",
            "a b@northwind.example",
            "cfo@127.0.0.1",
        ] {
            assert!(
                parse_address("to", wrong).is_err(),
                "{wrong:?} must be refused"
            );
        }
    }

    #[test]
    fn senders_may_have_names() {
        let mailbox = parse_mailbox("from", "Finance reports <reports@northwind.example>").unwrap();
        assert_eq!(mailbox.name.as_deref(), Some("Finance reports"));
        assert_eq!(mailbox.email.to_string(), "reports@northwind.example");
        assert!(parse_mailbox("from", "x\nBcc: y <a@b.example>").is_err());
        assert!(parse_mailbox("from", "x <a@b.example").is_err());
        assert!(parse_mailbox("from", "a@b.example").unwrap().name.is_none());
    }

    #[test]
    fn only_allowed_domains_pass() {
        let allowed = ["Northwind.example".to_owned()];
        let to = |address: &str| validate_recipients(&[address.to_owned()], Some(&allowed));
        assert!(to("cfo@northwind.example").is_ok());
        assert_eq!(
            to("cfo@northwind.example.evil.example").unwrap_err().code(),
            "XF-M003"
        );
        assert!(to("cfo@sub.northwind.example").is_err());
        assert!(validate_recipients(&["a@b.example".to_owned()], None).is_ok());
    }
}
