//! The words that customers' names and addresses are made of. All are invented.

/// One for each customer: no two customers share a word that tells them apart.
pub(super) const FIRST: [&str; 60] = [
    "Alder",
    "Basalt",
    "Cobalt",
    "Dunmore",
    "Elkhorn",
    "Fairhaven",
    "Granite",
    "Harrow",
    "Ironwood",
    "Juniper",
    "Kestrel",
    "Larkspur",
    "Meridian",
    "Northgate",
    "Oakridge",
    "Palisade",
    "Quarry",
    "Redfern",
    "Silverlake",
    "Thornbury",
    "Umbra",
    "Verbena",
    "Westmark",
    "Xenia",
    "Yarrow",
    "Zephyr",
    "Amberley",
    "Bramble",
    "Cinder",
    "Driftwood",
    "Eastwick",
    "Foxglove",
    "Glenmoor",
    "Hollis",
    "Inverness",
    "Jasper",
    "Kingfisher",
    "Lindenhall",
    "Mossbank",
    "Nettle",
    "Orchard",
    "Pinnacle",
    "Quillon",
    "Rosewater",
    "Stonebridge",
    "Tamarack",
    "Ulverton",
    "Vanguard",
    "Willowmere",
    "Yellowtail",
    "Ashdown",
    "Birchfield",
    "Copperhill",
    "Dovecote",
    "Emberton",
    "Falconer",
    "Goldcrest",
    "Heathrow Lane",
    "Islington Quay",
    "Kelpwood",
];

/// What a customer does.
pub(super) const SECOND: [&str; 12] = [
    "Dental",
    "Logistics",
    "Fabrication",
    "Retail",
    "Legal",
    "Architects",
    "Foods",
    "Optics",
    "Robotics",
    "Insurance",
    "Printing",
    "Marine",
];

/// Cities, each with its region, country and a postal code of that place.
pub(super) const DOLLAR_CITIES: [(&str, &str, &str, &str); 4] = [
    ("Albany", "NY", "US", "12207"),
    ("Columbus", "OH", "US", "43215"),
    ("Portland", "ME", "US", "04101"),
    ("Raleigh", "NC", "US", "27601"),
];

/// The same, where the euro is used.
pub(super) const EURO_CITIES: [(&str, &str, &str, &str); 3] = [
    ("Graz", "Styria", "AT", "8010"),
    ("Ghent", "East Flanders", "BE", "9000"),
    ("Turku", "Southwest Finland", "FI", "20100"),
];

/// The same, where the yen is used.
pub(super) const YEN_CITIES: [(&str, &str, &str, &str); 2] = [
    ("Kanazawa", "Ishikawa", "JP", "920-0961"),
    ("Matsuyama", "Ehime", "JP", "790-0001"),
];

/// Streets.
pub(super) const STREETS: [&str; 6] = [
    "Mill Road",
    "Harbour Street",
    "Station Parade",
    "Chapel Lane",
    "Market Square",
    "Canal Walk",
];

/// Names that try to break what shows them: markup, a formula of a spreadsheet, and a line break
/// that looks like a mail header.
pub(super) const HOSTILE: [&str; 3] = [
    "<script>alert('overdue')</script> Holdings",
    "=HYPERLINK(\"https://login.invalid/\",\"Statement\") Partners",
    "Crossing & Sons\r\nBcc: everyone@example.invalid",
];
