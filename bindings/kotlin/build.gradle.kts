// The jar for a JVM, as pom.xml beside it builds it. Here it is described for those who publish with Gradle.

plugins {
    alias(libs.plugins.kotlin.jvm)
    `maven-publish`
}

group = "io.deckport"
version = libs.versions.deckport.get()

/** The engine for this computer, and the Kotlin generated from it. */
abstract class CargoBindings @Inject constructor(private val operations: ExecOperations) : DefaultTask() {
    @get:InputFiles
    @get:PathSensitive(PathSensitivity.RELATIVE)
    abstract val sources: ConfigurableFileCollection

    @get:Internal
    abstract val workspace: DirectoryProperty

    @get:OutputDirectory
    abstract val bindings: DirectoryProperty

    @TaskAction
    fun build() {
        operations.exec {
            workingDir(workspace)
            commandLine("cargo", "xtask", "bindings", "--release")
        }
    }
}

val workspace: Directory = rootProject.layout.projectDirectory

val cargoBindings = tasks.register<CargoBindings>("cargoBindings") {
    this.workspace = workspace
    sources.from(fileTree(workspace.dir("rust")), workspace.files("Cargo.toml", "Cargo.lock", "uniffi.toml"))
    bindings = workspace.dir("target/bindings")
}

/** What JNA calls this computer: the folder of the library in the jar. */
fun platform(): String {
    val system = System.getProperty("os.name").lowercase()
    val name = if (system.startsWith("mac")) "darwin" else if (system.startsWith("windows")) "win32" else "linux"
    val processor = System.getProperty("os.arch")
    return name + "-" + if (processor == "amd64") "x86-64" else processor
}

kotlin {
    jvmToolchain(libs.versions.java.get().toInt())
    compilerOptions.jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_11
    sourceSets.named("main") { kotlin.srcDir(cargoBindings.map { it.bindings.dir("kotlin") }) }
    // The tests want the example of the README, which `cargo xtask test kotlin` takes out of it; they run there.
    sourceSets.named("test") { kotlin.setSrcDirs(emptyList<Any>()) }
}

java {
    sourceCompatibility = JavaVersion.VERSION_11
    targetCompatibility = JavaVersion.VERSION_11
    withSourcesJar()
    withJavadocJar()
}

tasks.named<ProcessResources>("processResources") {
    from(cargoBindings.map { it.bindings.dir("native") }) { into(platform()) }
}

dependencies {
    api(libs.coroutines.core)
    implementation(libs.jna)
}

publishing {
    publications.register<MavenPublication>("jvm") {
        artifactId = "deckport-jvm"
        from(components["java"])
        pom {
            name = "Deckport for the JVM"
            description = "Hosts Anki collections inside a JVM program; unchanged Anki apps sync with it"
            licenses { license { name = "MIT OR Apache-2.0" } }
        }
    }
}
