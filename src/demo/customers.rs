//! The customers of the demo company.

use jiff::Timestamp;

use super::names;
use super::random::Random;

/// A currency that customers are billed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tender {
    /// US dollars, in cents.
    Usd,
    /// Euros, in cents.
    Eur,
    /// Yen, which have no smaller unit.
    Jpy,
}

impl Tender {
    /// The code in capital letters.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Jpy => "JPY",
        }
    }

    /// How many decimals its amounts have.
    pub(super) const fn decimals(self) -> u32 {
        match self {
            Self::Usd | Self::Eur => 2,
            Self::Jpy => 0,
        }
    }
}

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Every bill, a week after it was issued.
    Prompt,
    /// August forty days late, September not yet.
    Slow,
    /// Nothing so far.
    Silent,
    /// Half of September's bill, the rest in full.
    Half,
    /// August and September with one payment.
    Together,
}

/// A street that only the CRM has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elsewhere {
    /// Street and number.
    pub(super) street: &'static str,
    /// Until when the CRM has it; for good where nobody puts it right.
    pub(super) until: Option<Timestamp>,
}

/// A customer, as both systems know it.
#[derive(Debug)]
pub(super) struct Customer {
    /// Its company record in the CRM.
    pub(super) crm_id: String,
    /// Its customer record in the billing system.
    pub(super) billing_id: String,
    /// Its name in the CRM.
    pub(super) name: String,
    /// Its web domain.
    pub(super) domain: String,
    /// Its telephone number.
    pub(super) phone: String,
    /// Its street and number.
    pub(super) street: String,
    /// Another street that the CRM has of it.
    pub(super) elsewhere: Option<Elsewhere>,
    /// City, region, country and postal code.
    pub(super) city: (&'static str, &'static str, &'static str, &'static str),
    /// What it is billed in.
    pub(super) tender: Tender,
    /// Days from a bill to its due day.
    pub(super) net_days: i64,
    /// How it pays.
    pub(super) habit: Habit,
}

impl Customer {
    /// The street that the CRM has at an instant, and since when where that changed.
    pub(super) fn street_in_crm(&self, at: Timestamp) -> (&str, Option<Timestamp>) {
        match self.elsewhere {
            Some(Elsewhere {
                street,
                until: None,
            }) => (street, None),
            Some(Elsewhere {
                street,
                until: Some(until),
            }) if at < until => (street, None),
            Some(Elsewhere { until, .. }) => (&self.street, until),
            None => (&self.street, None),
        }
    }

    /// The address that bills go to.
    pub(super) fn email(&self) -> String {
        format!("accounts.payable@{}", self.domain)
    }
}

const EURO_COUNT: usize = 9;
const YEN_COUNT: usize = 5;

/// All customers: mostly in dollars, some in euros, some in yen.
pub(super) fn invent(random: &mut Random) -> Vec<Customer> {
    let mut first = names::FIRST;
    random.shuffle(&mut first);
    first
        .iter()
        .enumerate()
        .map(|(index, word)| customer(index, word, random))
        .collect()
}

fn customer(index: usize, word: &str, random: &mut Random) -> Customer {
    let tender = match index {
        _ if index < EURO_COUNT => Tender::Eur,
        _ if index < EURO_COUNT + YEN_COUNT => Tender::Jpy,
        _ => Tender::Usd,
    };
    let cities: &[_] = match tender {
        Tender::Usd => &names::DOLLAR_CITIES,
        Tender::Eur => &names::EURO_CITIES,
        Tender::Jpy => &names::YEN_CITIES,
    };
    let trade = names::SECOND[random.below(names::SECOND.len())];
    let host: String = word
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let number = index + 1;
    Customer {
        crm_id: format!("{}", 9_000_100 + number),
        billing_id: format!("cus_Dm{number:04}"),
        name: format!("{word} {trade}"),
        domain: format!("{host}-{}.example", trade.to_ascii_lowercase()),
        phone: format!("+1 555 010 {:04}", 1_000 + number * 7),
        street: format!(
            "{} {}",
            random.between(1, 240),
            names::STREETS[random.below(names::STREETS.len())]
        ),
        elsewhere: None,
        city: cities[random.below(cities.len())],
        tender,
        net_days: if random.below(3) == 0 { 30 } else { 14 },
        habit: match random.below(12) {
            0 => Habit::Slow,
            1 => Habit::Silent,
            2 => Habit::Half,
            3 => Habit::Together,
            _ => Habit::Prompt,
        },
    }
}
