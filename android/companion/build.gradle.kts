// The app that a person installs.

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "io.deckport.companion"
    compileSdk = libs.versions.android.compile.sdk.get().toInt()

    defaultConfig {
        applicationId = "io.deckport.companion"
        minSdk = libs.versions.android.min.sdk.get().toInt()
        targetSdk = libs.versions.android.target.sdk.get().toInt()
        versionName = libs.versions.deckport.get()
        // 1.2.3 is 10203: the same sources have the same number, whoever builds them.
        versionCode = libs.versions.deckport.get().split(".").fold(0) { code, part -> code * 100 + part.toInt() }
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
    }
    buildTypes {
        named("release") {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
        }
    }
    buildFeatures.compose = true
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }
    sourceSets {
        named("test") {
            kotlin.srcDir("src/sharedTest/kotlin")
            kotlin.srcDir("../../bindings/kotlin/src/testClient/kotlin")
        }
        named("androidTest") { kotlin.srcDir("src/sharedTest/kotlin") }
    }
    testOptions.unitTests.isIncludeAndroidResources = true
}

kotlin {
    jvmToolchain(libs.versions.java.get().toInt())
    compilerOptions.jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_11
}

dependencies {
    implementation(project(":android:deckport"))
    implementation(libs.activity.compose)
    implementation(libs.compose.foundation)
    implementation(libs.compose.material3)
    implementation(libs.compose.ui)
    implementation(libs.lifecycle.runtime.compose)
    debugImplementation(libs.compose.ui.test.manifest)

    testImplementation(libs.jna)
    testImplementation(libs.robolectric)
    for (each in listOf(libs.junit, libs.androidx.test.core, libs.androidx.test.junit, libs.compose.ui.test.junit4, libs.coroutines.test)) {
        testImplementation(each)
        androidTestImplementation(each)
    }
    testImplementation(libs.serialization.json)
    androidTestImplementation(libs.androidx.test.runner)
}
