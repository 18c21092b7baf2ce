// The library for Android apps. Its sources are those of this folder, the engine's Kotlin (shared with the jar for a JVM)
// and what `cargo xtask android natives` makes.

plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
    `maven-publish`
}

group = "io.deckport"
version = libs.versions.deckport.get()

/** The engine for phones, and the Kotlin generated from it. Cargo knows itself what is up to date; Gradle asks it less often. */
abstract class CargoNatives @Inject constructor(private val operations: ExecOperations) : DefaultTask() {
    @get:InputFiles
    @get:PathSensitive(PathSensitivity.RELATIVE)
    abstract val sources: ConfigurableFileCollection

    @get:Internal
    abstract val workspace: DirectoryProperty

    /** With a folder for each kind of processor. */
    @get:OutputDirectory
    abstract val natives: DirectoryProperty

    @get:OutputDirectory
    abstract val generated: DirectoryProperty

    @TaskAction
    fun build() {
        for (task in listOf(listOf("android", "natives"), listOf("bindings"))) {
            operations.exec {
                workingDir(workspace)
                commandLine(listOf("cargo", "xtask") + task)
            }
        }
    }
}

val workspace: Directory = rootProject.layout.projectDirectory

val cargoNatives = tasks.register<CargoNatives>("cargoNatives") {
    this.workspace = workspace
    sources.from(
        fileTree(workspace.dir("rust")),
        workspace.files("Cargo.toml", "Cargo.lock", "uniffi.toml"),
        workspace.dir(".cargo"),
    )
    natives = workspace.dir("target/android/natives")
    generated = workspace.dir("target/bindings/kotlin")
}

android {
    namespace = "io.deckport.android"
    compileSdk = libs.versions.android.compile.sdk.get().toInt()

    defaultConfig {
        minSdk = libs.versions.android.min.sdk.get().toInt()
        consumerProguardFiles("consumer-rules.pro")
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }
    sourceSets {
        named("main") { kotlin.srcDir("../../bindings/kotlin/src/main/kotlin") }
        named("test") {
            kotlin.srcDir("src/sharedTest/kotlin")
            kotlin.srcDir("../../bindings/kotlin/src/testClient/kotlin")
        }
        named("androidTest") { kotlin.srcDir("src/sharedTest/kotlin") }
    }
    testOptions.unitTests.isIncludeAndroidResources = true
    publishing {
        singleVariant("release") {
            withSourcesJar()
            withJavadocJar()
        }
    }
}

androidComponents {
    onVariants { variant ->
        variant.sources.jniLibs?.addGeneratedSourceDirectory(cargoNatives, CargoNatives::natives)
        variant.sources.kotlin?.addGeneratedSourceDirectory(cargoNatives, CargoNatives::generated)
    }
}

kotlin {
    jvmToolchain(libs.versions.java.get().toInt())
    compilerOptions.jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_11
}

dependencies {
    api(libs.coroutines.android)
    implementation(libs.jna) { artifact { type = "aar" } }

    testImplementation(libs.jna)
    testImplementation(libs.robolectric)
    for (each in listOf(libs.junit, libs.androidx.test.core, libs.androidx.test.junit, libs.coroutines.test)) {
        testImplementation(each)
        androidTestImplementation(each)
    }
    testImplementation(libs.serialization.json)
    androidTestImplementation(libs.androidx.test.runner)
}

publishing {
    publications.register<MavenPublication>("release") {
        artifactId = "deckport-android"
        afterEvaluate { from(components["release"]) }
        pom {
            name = "Deckport for Android"
            description = "Hosts Anki collections inside an Android app; unchanged Anki apps sync with it"
            licenses { license { name = "MIT OR Apache-2.0" } }
        }
    }
}
