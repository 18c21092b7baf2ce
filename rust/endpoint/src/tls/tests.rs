use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use deckport_ground::clock::Clock;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::names::Name;
use super::*;
use crate::interfaces::Interfaces;
use crate::own_networks::{InterfaceAddress, OwnNetworks};
use deckport_household::{AnnounceState, DataFolder, FolderError};

/// 2027-03-01, in milliseconds.
const NOW_MS: i64 = 1_803_859_200_000;
const DAY_MS: i64 = 86_400_000;
const HOME: &str = "192.168.1.20";

/// A clock that may be set, and a machine whose addresses change.
#[derive(Debug)]
struct World {
    now_ms: AtomicI64,
    addresses: Mutex<Vec<&'static str>>,
    events: Mutex<Vec<Event>>,
}

impl World {
    fn new(now_ms: i64) -> Arc<World> {
        let addresses = Mutex::new(vec![HOME]);
        Arc::new(World { now_ms: now_ms.into(), addresses, events: Mutex::default() })
    }

    fn set(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    fn problems(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        let problem = |event: &Event| match event {
            Event::Problem { message, .. } => Some(message.clone()),
            _ => None,
        };
        events.iter().filter_map(problem).collect()
    }
}

impl Clock for World {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now_ms().unsigned_abs())
    }
}

impl Interfaces for World {
    fn now(&self) -> OwnNetworks {
        let addresses = self.addresses.lock().unwrap();
        let known = addresses.iter().map(|ip| InterfaceAddress::new("wlan0", ip.parse().unwrap()));
        OwnNetworks::new(known.collect::<Vec<_>>())
    }
}

impl deckport_household::EventSink for World {
    fn event(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }
}

fn options(folder: &Path, world: &Arc<World>, tls: TlsOptions) -> EndpointOptions {
    let mut options = EndpointOptions::new(folder);
    options.clock = Arc::clone(world) as _;
    options.interfaces = Arc::clone(world) as _;
    options.events = Arc::clone(world) as _;
    options.page_hosts = vec!["Shelf.local".to_owned(), "shelf".to_owned()];
    options.tls = tls;
    options
}

fn announced() -> watch::Receiver<Announcement> {
    let (name, state) = ("deckport-7f3k.local".to_owned(), AnnounceState::Announced);
    watch::channel(Announcement { name, port: None, state }).1
}

fn opened(folder: &Path, world: &Arc<World>) -> Tls {
    Tls::open(&options(folder, world, TlsOptions::default()), announced()).unwrap().unwrap()
}

/// What a client at `ours` is shown.
fn shown(tls: &Tls, ours: &str) -> CertificateDer<'static> {
    let _ = tls.acceptor(ours.parse().unwrap());
    lock(&tls.shown.0).cert[0].clone()
}

/// Whether a client that trusts `ca` alone, whose clock shows `now_ms`, talks to who shows `leaf`
/// when it was told to go to `name`.
fn accepts(ca: &CaCertificate, leaf: &CertificateDer<'_>, name: &str, now_ms: i64) -> bool {
    let ca = CertificateDer::from(ca.der.clone());
    let leaf = EndEntityCert::try_from(leaf).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_millis(now_ms.unsigned_abs()));
    let known = rustls::crypto::ring::default_provider().signature_verification_algorithms.all;
    let anchors = [anchor_from_trusted_cert(&ca).unwrap()];
    let usage = KeyUsage::server_auth();
    let verified = leaf.verify_for_usage(known, &anchors, &[], now, usage, None, None).is_ok();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verified && leaf.verify_is_valid_for_subject_name(&name).is_ok()
}

#[test]
fn a_client_that_trusts_the_authority_accepts_every_address_and_name_for_thirteen_months() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let tls = opened(folder.path(), &world);
    let (ca, leaf) = (tls.certificate().unwrap(), shown(&tls, "192.168.1.20"));
    for name in ["127.0.0.1", "::1", HOME, "localhost", "shelf.local"] {
        assert!(accepts(&ca, &leaf, name, NOW_MS), "{name}");
    }
    for name in ["192.168.1.21", "other.local", "shelf"] {
        assert!(!accepts(&ca, &leaf, name, NOW_MS), "{name}");
    }
    assert!(accepts(&ca, &leaf, HOME, NOW_MS - 6 * DAY_MS), "a clock that is behind");
    assert!(accepts(&ca, &leaf, HOME, NOW_MS + 389 * DAY_MS));
    let valid = |day: &i64| accepts(&ca, &leaf, HOME, NOW_MS + day * DAY_MS + DAY_MS / 2);
    assert_eq!((-500..500).filter(valid).count(), 397, "days");
    assert_eq!(world.problems(), [""; 0]);
}

#[test]
fn the_authority_stays_the_same_for_ten_years_and_is_its_owners_alone() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let first = opened(folder.path(), &world).certificate().unwrap();
    let path = folder.path().join("deckport-ca.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    world.set(NOW_MS + 3_640 * DAY_MS);
    let tls = opened(folder.path(), &world);
    assert_eq!(tls.certificate().unwrap(), first);
    assert!(accepts(&first, &shown(&tls, HOME), HOME, world.now_ms()));
    assert_eq!(certificate(folder.path(), &*world).unwrap(), first);
    assert!(!first.pem.contains("PRIVATE") && first.pem.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(CertificateDer::from_pem_slice(first.pem.as_bytes()).unwrap().to_vec(), first.der);
    assert_eq!(first.fingerprint.split(' ').filter(|group| group.len() == 4).count(), 16);
    assert_eq!(world.problems(), [""; 0]);

    world.set(NOW_MS + 3_660 * DAY_MS);
    assert_eq!(opened(folder.path(), &world).certificate().unwrap(), first, "nothing is replaced");
    assert!(world.problems()[0].contains("install the new certificate"), "{:?}", world.problems());
}

#[test]
fn two_authorities_have_two_names() {
    let world = World::new(NOW_MS);
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        opened(folder.path(), &world).certificate().unwrap()
    };
    let (one, other) = (make(), make());
    assert_ne!(one.fingerprint, other.fingerprint);
    let subject = |ca: &CaCertificate| {
        let der = CertificateDer::from(ca.der.clone());
        anchor_from_trusted_cert(&der).unwrap().subject.to_vec()
    };
    assert_ne!(subject(&one), subject(&other));
}

#[test]
fn the_certificate_can_be_asked_for_before_the_first_start() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let early = certificate(folder.path(), &*world).unwrap();
    assert_eq!(opened(folder.path(), &world).certificate().unwrap(), early);
    let other = tempfile::tempdir().unwrap();
    let _serving = DataFolder::open(other.path()).unwrap();
    let refused = certificate(other.path(), &*world);
    assert!(matches!(refused, Err(TlsError::Folder(FolderError::InUse { .. }))));
}

#[test]
fn a_leaf_stays_while_nothing_changes_and_is_made_anew_when_addresses_do() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let tls = opened(folder.path(), &world);
    let first = shown(&tls, HOME);
    assert_eq!(shown(&tls, "127.0.0.1"), first);
    assert_eq!(shown(&tls, "::ffff:127.0.0.1"), first);
    *world.addresses.lock().unwrap() = vec!["192.168.43.1"];
    let second = shown(&tls, "192.168.43.1");
    assert_ne!(second, first);
    let ca = tls.certificate().unwrap();
    assert!(accepts(&ca, &second, "192.168.43.1", NOW_MS) && !accepts(&ca, &second, HOME, NOW_MS));
    // An address that the system does not tell, but at which a client came.
    let third = shown(&tls, "10.9.8.7");
    assert!(accepts(&ca, &third, "10.9.8.7", NOW_MS));
    assert!(accepts(&ca, &third, "192.168.43.1", NOW_MS));
    assert_eq!(shown(&tls, "10.9.8.7"), third);
}

#[test]
fn a_leaf_is_made_anew_well_before_it_ends() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let tls = opened(folder.path(), &world);
    let first = shown(&tls, HOME);
    world.set(NOW_MS + 329 * DAY_MS);
    assert_eq!(shown(&tls, HOME), first);
    world.set(NOW_MS + 331 * DAY_MS);
    let second = shown(&tls, HOME);
    assert_ne!(second, first);
    let ca = tls.certificate().unwrap();
    assert!(accepts(&ca, &second, HOME, NOW_MS + (331 + 389) * DAY_MS));
}

#[test]
fn a_clock_that_was_wrong_when_certificates_were_made_does_no_harm_once_it_is_set() {
    for wrong in [0, 1_000_000_000_000, NOW_MS - 40 * DAY_MS, NOW_MS + 5_000 * DAY_MS] {
        let (folder, world) = (tempfile::tempdir().unwrap(), World::new(wrong));
        let tls = opened(folder.path(), &world);
        let ca = tls.certificate().unwrap();
        let _ = shown(&tls, HOME);
        world.set(NOW_MS);
        assert!(accepts(&ca, &shown(&tls, HOME), HOME, NOW_MS), "{wrong}");
        assert_eq!(opened(folder.path(), &world).certificate().unwrap(), ca);
    }
}

#[test]
fn a_machine_with_a_thousand_addresses_has_a_leaf_that_names_the_one_in_use() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let mut options = options(folder.path(), &world, TlsOptions::default());
    options.page_hosts = (0..1000).map(|n| format!("h{n}.local")).collect();
    let names = names::current(&options, "deckport-7f3k.local", "10.9.8.7".parse().ok());
    assert_eq!(names.len(), 64);
    let ours: IpAddr = "10.9.8.7".parse().unwrap();
    assert!(names.contains(&Name::Address(ours)));
    let tls = Tls::open(&options, announced()).unwrap().unwrap();
    let leaf = shown(&tls, "10.9.8.7");
    assert!(accepts(&tls.certificate().unwrap(), &leaf, "10.9.8.7", NOW_MS));
}

#[test]
fn a_stolen_authority_cannot_speak_for_a_web_site() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let authority = Authority::load_or_make(folder.path(), &*world).unwrap();
    let made = |name: &str| {
        let names = BTreeSet::from([Name::Host(name.to_owned())]);
        Leaf::make(&authority, names, NOW_MS).unwrap().key().cert[0].clone()
    };
    let ca = authority.certificate();
    assert!(accepts(&ca, &made("any.local"), "any.local", NOW_MS));
    assert!(!accepts(&ca, &made("bank.example"), "bank.example", NOW_MS));
}

#[test]
fn a_damaged_authority_leaves_http_alone_and_says_what_to_do() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let _ = opened(folder.path(), &world);
    let path = folder.path().join("deckport-ca.key");
    let whole = fs::read_to_string(&path).unwrap();
    let other = tempfile::tempdir().unwrap();
    let _ = opened(other.path(), &world);
    let foreign = fs::read_to_string(other.path().join("deckport-ca.key")).unwrap();
    let (certificate, _) = whole.split_once("-----BEGIN PRIVATE").unwrap();
    let (_, key) = foreign.split_once("-----BEGIN PRIVATE").unwrap();
    let mixed = format!("{certificate}-----BEGIN PRIVATE{key}");
    for text in ["", "nonsense", certificate, &whole.replace("BEGIN PRI", "PRI"), &mixed] {
        fs::write(&path, text).unwrap();
        let open = |mode| {
            Tls::open(
                &options(folder.path(), &world, TlsOptions { mode, certificate: None }),
                announced(),
            )
        };
        assert!(open(TlsMode::On).unwrap().is_none());
        let message = world.problems().pop().unwrap();
        assert!(message.contains("only http") && message.contains("remove it"), "{message}");
        assert!(matches!(open(TlsMode::Only), Err(TlsError::Damaged { .. })), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "nothing is replaced");
        assert!(open(TlsMode::Off).unwrap().is_none());
    }
}

/// A certificate of somebody's for a key, valid from 2026 to 2030, in PEM.
fn chain_for(key: &KeyPair) -> String {
    let mut params = CertificateParams::new(vec!["sync.example.org".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2030, 6, 1);
    let root = KeyPair::generate().unwrap();
    params.signed_by(key, &Issuer::new(CertificateParams::default(), root)).unwrap().pem()
}

fn with_own(chain: &str, key: &str, world: &Arc<World>) -> Result<Option<Tls>, TlsError> {
    let (chain, key) = (chain.as_bytes().to_vec(), key.as_bytes().to_vec());
    let certificate = Some(OwnCertificate::Pem { chain, key });
    let tls = TlsOptions { mode: TlsMode::On, certificate };
    Tls::open(&options(Path::new("nowhere"), world, tls), announced())
}

#[test]
fn a_certificate_of_the_owner_is_shown_as_it_is() {
    let (world, key) = (World::new(NOW_MS), KeyPair::generate().unwrap());
    let (chain, other) = (chain_for(&key), chain_for(&KeyPair::generate().unwrap()));
    let tls = with_own(&format!("{chain}{other}"), &key.serialize_pem(), &world).unwrap().unwrap();
    let leaf = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
    assert_eq!(shown(&tls, HOME), leaf);
    assert_eq!(lock(&tls.shown.0).cert.len(), 2);
    assert_eq!(tls.certificate(), None);
}

#[test]
fn what_is_wrong_with_a_certificate_of_the_owner_is_told() {
    let (world, key) = (World::new(NOW_MS), KeyPair::generate().unwrap());
    let (chain, pem) = (chain_for(&key), key.serialize_pem());
    let refused = |chain: &str, key: &str| with_own(chain, key, &world).map(|_| ()).unwrap_err();
    assert!(matches!(refused("", &pem), TlsError::NoCertificate));
    assert!(matches!(refused(&pem, &pem), TlsError::NoCertificate));
    assert!(matches!(refused(&chain, ""), TlsError::NoKey));
    let encrypted = pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert!(matches!(refused(&chain, &encrypted), TlsError::NoKey));
    let other = KeyPair::generate().unwrap().serialize_pem();
    assert!(matches!(refused(&chain, &other), TlsError::KeyDoesNotFit));
    let garbage = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(refused(&chain, garbage), TlsError::UnsupportedKey));
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(refused(garbage, &pem), TlsError::Unusable(_)));
    world.set(NOW_MS + 5_000 * DAY_MS);
    let error = refused(&chain, &pem);
    assert!(error.to_string().contains("2030-06-01"), "{error}");
    let missing = OwnCertificate::Files { chain: "missing.pem".into(), key: "missing.key".into() };
    let tls = TlsOptions { mode: TlsMode::Only, certificate: Some(missing) };
    let error = Tls::open(&options(Path::new("nowhere"), &world, tls), announced()).unwrap_err();
    assert!(matches!(&error, TlsError::Read { .. }) && error.to_string().contains("missing.pem"));
}

#[test]
fn a_self_signed_certificate_is_as_good_as_any_until_it_ends() {
    let (world, key) = (World::new(NOW_MS), KeyPair::generate().unwrap());
    for is_ca in [rcgen::IsCa::NoCa, rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained)] {
        let mut params = CertificateParams::new(vec!["shelf".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2030, 6, 1);
        params.is_ca = is_ca;
        let chain = params.self_signed(&key).unwrap().pem();
        world.set(NOW_MS);
        assert!(with_own(&chain, &key.serialize_pem(), &world).unwrap().is_some());
        world.set(NOW_MS + 5_000 * DAY_MS);
        let refused = with_own(&chain, &key.serialize_pem(), &world);
        assert!(matches!(refused, Err(TlsError::Expired(_))));
    }
}

#[test]
fn renewed_files_are_used_within_a_minute_and_bad_ones_are_not() {
    let (folder, world) = (tempfile::tempdir().unwrap(), World::new(NOW_MS));
    let [chain, key] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
    let mut at = std::time::SystemTime::UNIX_EPOCH;
    let mut put = |path: &Path, text: &str| {
        // So that it is seen to have changed, however coarse the disk's times are.
        at += Duration::from_secs(10);
        fs::write(path, text).unwrap();
        fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    };
    let first = KeyPair::generate().unwrap();
    put(&chain, &chain_for(&first));
    put(&key, &first.serialize_pem());
    let certificate = Some(OwnCertificate::Files { chain: chain.clone(), key: key.clone() });
    let tls = TlsOptions { mode: TlsMode::On, certificate };
    let tls = Tls::open(&options(folder.path(), &world, tls), announced()).unwrap().unwrap();
    let before = shown(&tls, HOME);

    let second = KeyPair::generate().unwrap();
    put(&chain, &chain_for(&second));
    world.set(NOW_MS + 61_000);
    assert_eq!(shown(&tls, HOME), before, "half of the pair is new");
    assert!(world.problems()[0].contains("does not belong"), "{:?}", world.problems());
    put(&key, &second.serialize_pem());
    assert_eq!(shown(&tls, HOME), before, "not looked at yet");
    world.set(NOW_MS + 122_000);
    assert_ne!(shown(&tls, HOME), before);
    assert_eq!(world.problems().len(), 1);
}
