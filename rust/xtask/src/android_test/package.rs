//! The library and the app as they are packed for phones, without Gradle: only for checking.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::java::{jar_of, libraries, platform_jdk, r8, tool, tools};
use super::{MODULES, Trouble, work};
use crate::{TaskResult, android, process, root};

/// The most bytes that an app for 64-bit phones may have.
const MOST_BYTES: u64 = 9_000_000;
/// The only processor that is packed here.
const ABI: &str = "arm64-v8a";
/// Where things are inside an AAR.
const AAR_METADATA: &str = "META-INF/com/android/build/gradle/aar-metadata.properties";
/// The same as `gradle/libs.versions.toml` says of the compile SDK.
const AAR_PROPERTIES: &str = "aarFormatVersion=1.0\naarMetadataVersion=1.0\nminCompileSdk=36\n\
                              minCompileSdkExtension=0\nminAndroidGradlePluginVersion=8.9.1\n";

/// Packs the library as an AAR and looks at what is in it.
pub(super) fn aar() -> Result<(), Trouble> {
    let library = &MODULES[0];
    let out = library.work().join("deckport-check.aar");
    let metadata = library.work().join("aar-metadata.properties");
    fs::write(&metadata, AAR_PROPERTIES)
        .map_err(|error| format!("{}: {error}", metadata.display()))?;
    let mut pack = tool("Pack.java");
    pack.arg(&out).arg("-");
    let mut add = |name: &str, file: &Path| {
        pack.arg(name).arg(file);
    };
    add("AndroidManifest.xml", &library.work().join("AndroidManifest.xml"));
    add("classes.jar", &jar_of(library)?);
    add("R.txt", &library.work().join("R.txt"));
    add("proguard.txt", &library.folder().join("consumer-rules.pro"));
    add("res", &library.folder().join("src/main/res"));
    add(AAR_METADATA, &metadata);
    let native = native();
    if let Some(native) = &native {
        add(&format!("jni/{ABI}/libdeckport.so"), native);
    }
    process::run(&mut pack, "pack the library as an AAR")?;
    let entries = entries(&out)?;
    let wanted = ["AndroidManifest.xml", "classes.jar", "R.txt", "proguard.txt", AAR_METADATA];
    let also = ["res/values/strings.xml", "res/values-de/strings.xml"];
    for wanted in wanted.into_iter().chain(also) {
        if !entries.iter().any(|entry| entry == wanted) {
            return Err(Trouble::Failed(format!("{}: {wanted} is missing", out.display())));
        }
    }
    let classes = self::entries(&library.work().join("classes.jar"))?;
    for stranger in ["androidx/", "com/sun/jna/", "kotlin/", "io/deckport/android/R."] {
        if classes.iter().any(|class| class.starts_with(stranger)) {
            return Err(Trouble::Failed(format!("the AAR holds what is not its own: {stranger}")));
        }
    }
    Ok(())
}

/// The app as an APK: shrunk by R8, aligned, signed, verified, and small enough.
pub(super) fn apk() -> Result<(), Trouble> {
    let native = native().ok_or_else(|| {
        Trouble::Missing(
            "cargo xtask android natives --check arm64-v8a has to make the library first"
                .to_owned(),
        )
    })?;
    if !has("apksigner") {
        return Err(Trouble::Missing("apksigner is not on the PATH".to_owned()));
    }
    let app = &MODULES[1];
    let dex = app.work().join("dex");
    let _ = fs::remove_dir_all(&dex);
    fs::create_dir_all(&dex).map_err(|error| format!("{}: {error}", dex.display()))?;
    shrink(&dex)?;
    let unsigned = app.work().join("unsigned.apk");
    let mut unpack = tool("Unpack.java");
    let jna = app.work().join("jna");
    fs::create_dir_all(&jna)
        .and_then(|()| fs::copy(tools("jna.aar"), jna.join("jna.aar")))
        .map_err(|error| format!("{}: {error}", jna.display()))?;
    unpack.args([jna.clone(), jna.join("unpacked"), jna.join("classes")]);
    process::run(&mut unpack, "unpack JNA for phones")?;
    let mut pack = tool("Pack.java");
    pack.arg(&unsigned).arg(app.work().join("resources.apk"));
    let code = super::prepare::files(&dex)?;
    for file in code.iter().filter(|file| file.extension().is_some_and(|end| end == "dex")) {
        pack.arg(file.file_name().unwrap_or_default()).arg(file);
    }
    let dispatch = jna.join("unpacked/jna/jni").join(ABI).join("libjnidispatch.so");
    pack.arg(format!("lib/{ABI}/libdeckport.so")).arg(&native);
    pack.arg(format!("lib/{ABI}/libjnidispatch.so")).arg(dispatch);
    process::run(&mut pack, "pack the app")?;
    let signed = app.work().join("companion-check.apk");
    sign(&unsigned, &signed)?;
    let mut badging = Command::new(tools("prebuilt/linux/aapt2_64"));
    badging.args(["dump", "badging"]).arg(&signed);
    process::run(&mut badging, "what the system sees of the app")?;
    let mut sizes = tool("Pack.java");
    sizes.arg("--sizes").arg(&signed);
    process::run(&mut sizes, "what the app is made of")?;
    let bytes = fs::metadata(&signed).map_err(|error| error.to_string())?.len();
    println!("the app for {ABI}: {bytes} bytes, at most {MOST_BYTES}");
    if bytes > MOST_BYTES {
        return Err(Trouble::Failed(format!("the app for {ABI} is too large: {bytes} bytes")));
    }
    Ok(())
}

fn shrink(dex: &Path) -> Result<(), Trouble> {
    let mut shrink = r8("R8");
    shrink.args(["--release", "--min-api", "26", "--lib"]).arg(platform_jdk()?);
    shrink.arg("--lib").arg(tools("android-all.jar"));
    let mut rules: Vec<PathBuf> = vec![
        root().join("android/deckport/consumer-rules.pro"),
        root().join("android/host-tests/companion/packed.pro"),
        MODULES[1].work().join("resources.pro"),
    ];
    for aar in super::prepare::files(&work().join("aars/unpacked"))? {
        rules.push(aar.join("proguard.txt"));
    }
    for rules in rules.iter().filter(|rules| rules.exists()) {
        shrink.arg("--pg-conf").arg(rules);
    }
    shrink.arg("--output").arg(dex);
    for module in &MODULES {
        shrink.arg(jar_of(module)?);
    }
    shrink.args(libraries()?);
    Ok(process::run(&mut shrink, "shrink the app")?)
}

/// Signs with a key only for checking and has the signature verified.
fn sign(unsigned: &Path, signed: &Path) -> TaskResult {
    let keys = work().join("check.keystore");
    if !keys.exists() {
        let mut make = Command::new("keytool");
        make.args(["-genkeypair", "-keystore"]).arg(&keys);
        make.args(["-storepass", "android", "-keypass", "android", "-alias", "check"]);
        make.args([
            "-keyalg",
            "RSA",
            "-keysize",
            "2048",
            "-validity",
            "10000",
            "-dname",
            "CN=check",
        ]);
        process::quietly(&mut make, "make a key for checking")?;
    }
    let mut sign = Command::new("apksigner");
    sign.arg("sign").arg("--ks").arg(&keys).args(["--ks-pass", "pass:android"]);
    sign.args(["--min-sdk-version", "26", "--out"]).arg(signed).arg(unsigned);
    process::run(&mut sign, "sign the app")?;
    let mut verify = Command::new("apksigner");
    verify.args(["verify", "--min-sdk-version", "26"]).arg(signed);
    process::run(&mut verify, "verify the app's signature")?;
    let mut aligned = tool("Pack.java");
    aligned.arg("--aligned").arg(signed);
    process::run(&mut aligned, "libraries begin at pages of 16 KB")
}

/// The library for 64-bit phones, where one was built: for phones, or for checking.
fn native() -> Option<PathBuf> {
    let folders = [android::natives_folder(), android::checked_natives_folder()];
    let files = folders.into_iter().map(|folder| folder.join(ABI).join("libdeckport.so"));
    files.into_iter().find(|file| file.exists())
}

/// Names of what is in an archive.
fn entries(archive: &Path) -> Result<Vec<String>, String> {
    let output = Command::new("jar")
        .arg("--list")
        .arg("--file")
        .arg(archive)
        .output()
        .map_err(|error| format!("jar: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn has(program: &str) -> bool {
    let mut ask = Command::new(program);
    ask.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    ask.status().is_ok()
}
