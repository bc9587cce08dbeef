//! ISO 4217: which currency codes are alive, and how many decimals their amounts have.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A living ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is no living ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a currency of ISO 4217")]
pub struct UnknownCurrency(pub String);

// SIX, list one, as of 2026; funds codes, metals and testing codes (XXX, XTS) are left out on
// purpose: no amount in them can be reported.
const TWO: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN \
 BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
 GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL \
 MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN \
 QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY \
 TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
const NONE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";
const FOUR: &str = "CLF UYW";
/// A code of three letters and the blank behind it.
const STRIDE: usize = 4;

impl Currency {
    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// As [`Currency::code`], for as long as the program runs.
    pub fn static_code(&self) -> &'static str {
        listed(self.code()).map_or("???", |(code, _)| code)
    }

    /// How many decimals an amount has: JPY 0, USD 2, KWD 3.
    pub fn exponent(&self) -> u32 {
        listed(self.code()).map_or(2, |(_, exponent)| exponent)
    }
}

/// A code as it stands in its list, with its exponent.
fn listed(code: &str) -> Option<(&'static str, u32)> {
    [(TWO, 2), (NONE, 0), (THREE, 3), (FOUR, 4)]
        .into_iter()
        .find_map(|(list, exponent)| Some((found_in(list, code)?, exponent)))
}

/// Finds a code in a sorted list with one blank between codes. Every amount asks for one.
fn found_in(list: &'static str, code: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, list.len().div_ceil(STRIDE));
    while low < high {
        let middle = low.midpoint(high);
        let entry = list.get(middle * STRIDE..middle * STRIDE + STRIDE - 1)?;
        match entry.cmp(code) {
            Ordering::Equal => return Some(entry),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    None
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownCurrency(text.to_owned());
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| unknown())?;
        listed(text).map(|_| Self(letters)).ok_or_else(unknown)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_exact_and_alive() {
        assert_eq!("JPY".parse::<Currency>().unwrap().exponent(), 0);
        assert_eq!("KWD".parse::<Currency>().unwrap().exponent(), 3);
        for wrong in ["usd", "DEM", "XXX", "840", "", "US"] {
            assert!(
                wrong.parse::<Currency>().is_err(),
                "{wrong} must be refused"
            );
        }
    }

    // Goal: every listed code is found. Method: all of them, in each list's own order.
    #[test]
    fn every_listed_code_is_known() {
        for (list, exponent) in [(TWO, 2), (NONE, 0), (THREE, 3), (FOUR, 4)] {
            for code in list.split_ascii_whitespace() {
                assert_eq!(listed(code), Some((code, exponent)));
            }
        }
    }
}
