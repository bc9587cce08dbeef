//! Asking an API for the least that proves credentials, reach and rights.

use super::list::ListWalk;
use super::pager::Pager;
use super::pull::ApiSource;
use super::template::Names;
use super::transport::Patience;
use crate::fault::Failure;
use crate::sources::source::ProbeReport;

/// Asks for one page of every list, each once. The first refusal is the answer.
pub(super) async fn probe(source: &ApiSource) -> Result<ProbeReport, Failure> {
    let session = &source.session;
    let mut report = ProbeReport {
        works: Vec::new(),
        can_miss: source.can_miss.clone(),
    };
    for stream in &source.streams {
        for list in &stream.lists {
            let names = Names {
                plain: &session.plain,
                since: Some("0"),
                record: None,
                inputs: &[],
            };
            let call = list.request.call(&session.origin, &stream.name, names)?;
            let shown = call.shown();
            let pager = Pager::new(&list.paginate);
            let mut walk = ListWalk::new(session, call, &list.records, pager, Patience::None);
            walk.next().await?;
            report
                .works
                .push(format!("{shown} answers with {}", stream.name));
        }
        if stream.incremental.is_some() {
            report.can_miss.push(format!(
                "deletions in {}: only what changed is asked for, until a run with --full",
                stream.name
            ));
        }
    }
    Ok(report)
}
