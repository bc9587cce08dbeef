//! Who works on a run: a process, named so that another one can tell when it is gone.

use std::path::Path;

/// This process: host, process id, and when it started, since ids are used again.
pub fn this_process() -> String {
    let id = std::process::id();
    format!("{}:{id}:{}", host(), started(id).unwrap_or_default())
}

/// Whether the owner is a process of this host that has ended. Of another host nobody can say, and
/// the lease decides.
pub(super) fn is_gone(owner: &str) -> bool {
    let mut parts = owner.rsplitn(3, ':');
    let (Some(start), Some(id), Some(of_host)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let Ok(id) = id.parse::<u32>() else {
        return false;
    };
    of_host == host() && Path::new("/proc/self").exists() && started(id).as_deref() != Some(start)
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// When a process started, in ticks since the machine did: the 22nd field of its `stat`, of which
/// the second, the name in brackets, may hold anything.
fn started(id: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    after_name
        .split_ascii_whitespace()
        .nth(19)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a living process is not taken for gone, an ended one and one whose id was used again
    /// are. Method: this process, a child that has ended, and this id with another start.
    #[test]
    fn the_living_and_the_gone_are_told_apart() {
        let living = this_process();
        assert!(!is_gone(&living));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let ended = format!("{}:{}:1", host(), child.id());
        child.wait().unwrap();
        assert!(is_gone(&ended));
        let used_again = format!("{}:{}:1", host(), std::process::id());
        assert!(is_gone(&used_again));
        assert!(!is_gone("another-host:1:1"));
        assert!(!is_gone("host-of-an-older-version:12"));
    }
}
