//! How many threads a session has when nobody says: one for each core that this process may use, or as the environment says.
//! Floor 1.

use std::sync::OnceLock;
use std::{env, fs, thread};

/// What `CONVOKE_THREADS` says; nothing where it is not set or empty.
///
/// # Errors
/// If it says something else than a number of threads.
pub fn threads_of_environment() -> Result<Option<usize>, String> {
    static SAID: OnceLock<Result<Option<usize>, String>> = OnceLock::new();
    SAID.get_or_init(|| threads_of(&env::var_os("CONVOKE_THREADS").unwrap_or_default().to_string_lossy())).clone()
}

fn threads_of(word: &str) -> Result<Option<usize>, String> {
    match (word.trim(), word.trim().parse()) {
        ("", _) => Ok(None),
        (_, Ok(n @ 1..)) => Ok(Some(n)),
        _ => Err(format!("CONVOKE_THREADS is `{word}`; it can be a number of threads, at least 1")),
    }
}

/// Cores that this process may use: by affinity, by the quota of its container, and without counting a core's second hardware
/// thread, which multiply-adds that keep a core busy gain nothing from.
pub fn n_cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| {
        let n_threads = thread::available_parallelism().map_or(1, Into::into);
        n_threads.min(distinct_cores().unwrap_or(usize::MAX)).max(1)
    })
}

/// Cores of Linux's topology that this process may run on; `None` where there is no telling or no core has two hardware threads.
fn distinct_cores() -> Option<usize> {
    let cpu = "/sys/devices/system/cpu";
    if fs::read_to_string(format!("{cpu}/smt/active")).ok()?.trim() != "1" {
        return None;
    }
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let allowed = cpu_list(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?)?;
    let mut cores = Vec::with_capacity(allowed.len());
    for n in allowed {
        cores.push(fs::read_to_string(format!("{cpu}/cpu{n}/topology/thread_siblings_list")).ok()?);
    }
    let mut distinct: Vec<&str> = cores.iter().map(String::as_str).collect();
    distinct.sort_unstable();
    distinct.dedup();
    Some(distinct.len())
}

/// The numbers of a list such as `0-3,8`.
fn cpu_list(text: &str) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        // Linux numbers no more than this.
        if last > 1 << 16 {
            return None;
        }
        found.extend(first..=last);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cpus_are_read() {
        assert_eq!(cpu_list("0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(cpu_list("\t5"), Some(vec![5]));
        for wrong in ["", "a", "1-", "0-99999999999"] {
            assert_eq!(cpu_list(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_environment_says_how_many_or_is_wrong() {
        assert_eq!((threads_of("3 "), threads_of("")), (Ok(Some(3)), Ok(None)));
        for wrong in ["0", "two", "-1", "1.5"] {
            assert_eq!(
                threads_of(wrong),
                Err(format!("CONVOKE_THREADS is `{wrong}`; it can be a number of threads, at least 1"))
            );
        }
    }

    #[test]
    fn there_is_a_core() {
        assert!(n_cores() >= 1);
    }
}
