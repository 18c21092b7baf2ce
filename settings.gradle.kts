// The Android library and app, and the jar for a JVM. docs/android.md says how to build them.

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "deckport-workspace"

include(":bindings:kotlin")

// Without an Android SDK the rest can be built all the same.
val sdk = listOf("ANDROID_HOME", "ANDROID_SDK_ROOT").map { providers.environmentVariable(it).orNull }
if (sdk.any { !it.isNullOrEmpty() } || file("local.properties").exists()) {
    include(":android:deckport", ":android:companion")
}
