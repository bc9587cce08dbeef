//! `[company]`, `[branch.x]` and `[calendar.x]`.

use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{DecimalText, ZoneName};
use crate::currency::Currency;

/// Whose books they are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyConfig {
    /// The name that reports carry.
    pub name: String,
    /// The zone of the books: it decides which day and month an instant lies in.
    pub timezone: ZoneName,
    /// The currency in which combined figures are given.
    pub currency: Currency,
    /// The amount, in the company's currency, from which a discrepancy is critical.
    pub materiality: Option<DecimalText>,
}

/// A branch whose settings differ from the company's.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchConfig {
    /// Its zone.
    pub timezone: Option<ZoneName>,
    /// Its currency.
    pub currency: Option<Currency>,
    /// Its materiality.
    pub materiality: Option<DecimalText>,
    /// The name of its calendar.
    pub calendar: Option<String>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// The same day as jiff names it.
    pub fn civil(self) -> jiff::civil::Weekday {
        use jiff::civil::Weekday as Civil;
        match self {
            Self::Mon => Civil::Monday,
            Self::Tue => Civil::Tuesday,
            Self::Wed => Civil::Wednesday,
            Self::Thu => Civil::Thursday,
            Self::Fri => Civil::Friday,
            Self::Sat => Civil::Saturday,
            Self::Sun => Civil::Sunday,
        }
    }
}

/// Working hours and holidays, by local time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalendarConfig {
    /// The working days.
    pub weekdays: Vec<Weekday>,
    /// When work begins.
    #[schemars(with = "String")]
    #[serde(deserialize_with = "time_of_day")]
    pub open: Time,
    /// When it ends.
    #[schemars(with = "String")]
    #[serde(deserialize_with = "time_of_day")]
    pub close: Time,
    /// Days on which nobody works.
    #[schemars(with = "Vec<String>")]
    pub holidays: Vec<Date>,
}

impl Default for CalendarConfig {
    fn default() -> Self {
        use Weekday::{Fri, Mon, Thu, Tue, Wed};
        Self {
            weekdays: vec![Mon, Tue, Wed, Thu, Fri],
            open: Time::constant(9, 0, 0, 0),
            close: Time::constant(17, 0, 0, 0),
            holidays: Vec::new(),
        }
    }
}

fn time_of_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    Time::strptime("%H:%M", &*text)
        .or_else(|_| text.parse())
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is no time of day: write 09:00")))
}
