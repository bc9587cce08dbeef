//! Charges that follow what was used. On the second night the usage file is missing: what depends on
//! it can neither be found nor be cleared then.

use super::cast::{COMES_LATE, Cast, GOES_LATE, STAYS, monday_afternoon};
use super::script::Treatment;
use crate::demo::catalogue::{BACKUP, REMOTE_DESKTOP};
use crate::demo::contracts::{ContractIndex, first_day};
use crate::demo::customers::Tender;
use crate::demo::night::{at, august, september};
use crate::reconcile::Kind;

/// Plays these stories.
pub(super) fn play(cast: &mut Cast<'_>) {
    seats_caught_up(cast);
    gigabytes_too_few(cast);
    gigabytes_recounted(cast);
    for _ in 0..3 {
        sell_by_use(cast, BACKUP);
    }
    for _ in 0..2 {
        sell_by_use(cast, REMOTE_DESKTOP);
    }
}

fn sell_by_use(cast: &mut Cast<'_>, product: usize) -> ContractIndex {
    let customer = cast.customer(Tender::Usd);
    let known_at = Some(at(first_day(), 8));
    cast.sell(customer, product, first_day(), known_at)
}

// Four seats more were used in September than the contract has. They are billed after the first
// night; the second night cannot know it, the third can.
fn seats_caught_up(cast: &mut Cast<'_>) {
    let contract = sell_by_use(cast, REMOTE_DESKTOP);
    let (quantity, price) = (
        cast.sold(contract).quantity,
        cast.sold(contract).price_minor,
    );
    cast.recount(contract, september(), quantity + 4, None);
    cast.bill(contract, september(), Treatment::Quantity(quantity));
    cast.bill_extra(contract, september(), 4, monday_afternoon(), None);
    let story = "four seats used and not billed, caught up after the first night";
    cast.plant(
        Kind::Quantity,
        contract,
        september(),
        -4 * price,
        GOES_LATE,
        story,
    );
}

fn gigabytes_too_few(cast: &mut Cast<'_>) {
    let contract = sell_by_use(cast, BACKUP);
    let used = cast.counted(contract, august());
    let price = cast.sold(contract).price_minor;
    cast.bill(contract, august(), Treatment::Quantity(used - 150));
    let story = "150 GB used and not billed";
    cast.plant(
        Kind::Quantity,
        contract,
        august(),
        -150 * price,
        STAYS,
        story,
    );
}

// The meter of September is read again before the third night.
fn gigabytes_recounted(cast: &mut Cast<'_>) {
    let contract = sell_by_use(cast, BACKUP);
    let used = cast.counted(contract, september());
    let price = cast.sold(contract).price_minor;
    cast.recount(contract, september(), used, Some(used + 260));
    let story = "260 GB counted after the bill went out";
    cast.plant(
        Kind::Quantity,
        contract,
        september(),
        -260 * price,
        COMES_LATE,
        story,
    );
}
