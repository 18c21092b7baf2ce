"""Hosts Anki collections: unchanged Anki apps sync with an endpoint inside this program.

Open an :class:`Endpoint` on a folder, add an account, start it, and devices can sync. Everything
that takes long is a coroutine; listeners are called on threads of their own.
"""

from . import _engine
from ._engine import (
    Account,
    AccountError,
    AccountOverview,
    Address,
    AddressKind,
    Backup,
    BackupError,
    BackupReason,
    CareError,
    CareStage,
    Certificate,
    CheckReport,
    Counts,
    Device,
    DeviceText,
    Endpoint,
    EndpointEvent,
    EndpointListener,
    EndpointOptions,
    EndpointState,
    ExportOptions,
    ExportReport,
    ImportReport,
    InternalError,
    ListenerError,
    LogLevel,
    MediaReport,
    NetworkInterface,
    OpenError,
    OverviewError,
    Pairing,
    ProgressListener,
    QrCode,
    QrError,
    RecentRefusal,
    RefusalKind,
    Restored,
    StartError,
    Subscription,
    SyncCounts,
    TlsMode,
    Translator,
    UnusedMedia,
    library_version,
    qr_code,
    set_log_level,
)

__version__ = library_version()

__all__ = [
    "Account",
    "AccountError",
    "AccountOverview",
    "Address",
    "AddressKind",
    "Backup",
    "BackupError",
    "BackupReason",
    "CareError",
    "CareStage",
    "Certificate",
    "CheckReport",
    "Counts",
    "Device",
    "DeviceText",
    "Endpoint",
    "EndpointEvent",
    "EndpointListener",
    "EndpointOptions",
    "EndpointState",
    "ExportOptions",
    "ExportReport",
    "ImportReport",
    "InternalError",
    "ListenerError",
    "LogLevel",
    "MediaReport",
    "NetworkInterface",
    "OpenError",
    "OverviewError",
    "Pairing",
    "ProgressListener",
    "QrCode",
    "QrError",
    "RecentRefusal",
    "RefusalKind",
    "Restored",
    "StartError",
    "Subscription",
    "SyncCounts",
    "TlsMode",
    "Translator",
    "UnusedMedia",
    "library_version",
    "qr_code",
    "set_log_level",
]


def _speak(error: type[Exception]) -> None:
    """Let ``str()`` of an error be its sentence; the generator gives that to Kotlin alone."""
    name = error.__name__
    sentence = getattr(
        _engine._UniffiLib, f"uniffi_deckport_fn_method_{name.lower()}_uniffi_trait_display"
    )
    converter = getattr(_engine, f"_UniffiFfiConverterType{name}")

    def text(self: Exception) -> str:
        told = _engine._uniffi_rust_call(sentence, converter.lower(self))
        return _engine._UniffiFfiConverterString.lift(told)

    error.__str__ = text  # type: ignore[method-assign]


for _error in (
    AccountError,
    BackupError,
    CareError,
    ListenerError,
    OpenError,
    OverviewError,
    QrError,
    StartError,
):
    _speak(_error)
