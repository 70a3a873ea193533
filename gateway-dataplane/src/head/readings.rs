//! The ways in which servers read one path.

use super::slashes;

/// What is done with a request whose path servers read in more than one way, when one of these ways leads to
/// another rule than the path as it is written. A rule that guards or diverts a path could be walked around with it.
///
/// Servers are known to read `%2F` and `%5C` as a slash, several slashes as one, and a segment without what follows
/// a semicolon (RFC 3986 sections 2.2 and 3.3 leave this to them). Where all ways lead to the same rule, the path is
/// passed on as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AmbiguousPaths {
    /// The answer is 400.
    #[default]
    Refuse,
    /// It goes where the path as it is written leads.
    Pass,
}

/// The other ways to read `path`, which is in its canonical form: each without dot segments.
pub(crate) fn other_readings(path: &str) -> Vec<String> {
    if !may_be_ambiguous(path) {
        return Vec::new();
    }
    let mut readings = vec![path.to_owned()];
    for step in [slashes::unescaped, without_parameters, slashes::single] {
        for at in 0..readings.len() {
            let next = step(&readings[at]);
            if !readings.contains(&next) {
                readings.push(next);
            }
        }
    }
    let others = readings.into_iter().skip(1);
    others.map(slashes::without_dots).collect()
}

/// A look at each byte once, as most paths need no more.
fn may_be_ambiguous(path: &str) -> bool {
    let mut last = 0;
    path.bytes().fold(false, |found, byte| {
        let repeated = byte == b'/' && last == b'/';
        last = byte;
        found | repeated | (byte == b'%') | (byte == b';')
    })
}

fn without_parameters(path: &str) -> String {
    let names = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or_default());
    names.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::other_readings;

    #[test]
    fn a_path_is_read_in_every_way_that_servers_do() {
        let rows: [(&str, &[&str]); 7] = [
            ("/a/b.c%20d", &[]),
            ("/a%2Fb", &["/a/b"]),
            ("/x%2f..%5cadmin", &["/admin"]),
            ("//admin", &["/admin"]),
            ("/x/..;v=1/admin", &["/admin"]),
            ("/admin;v=1", &["/admin"]),
            ("/a%2f/b", &["/a//b", "/a/b"]),
        ];
        for (path, want) in rows {
            assert_eq!(other_readings(path), want, "{path}");
        }
    }

    #[test]
    fn readings_are_few() {
        let path = "/a%2f/b;c/%5c..;/d//".repeat(50);
        assert!(other_readings(&path).len() < 8);
    }
}
