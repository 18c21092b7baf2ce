"""The window of Tools > Deckport…"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial

import aqt
from anki.errors import SyncError, SyncErrorKind
from aqt import mw
from aqt.qt import (
    QDialog,
    QDialogButtonBox,
    QFontDatabase,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    Qt,
    QVBoxLayout,
    QWidget,
    qconnect,
)

from . import address, finding, profile, reaching, settings, talking
from .waiting import in_background

# As Anki's manager of windows knows it.
NAME = "deckport"


def show() -> None:
    """Opens the window, or brings it to the front."""
    window = aqt.dialogs.open(NAME)
    window.show()
    window.raise_()
    window.activateWindow()


class Window(QDialog):
    """Finds, connects, and goes back."""

    # For Anki's manager of windows: nothing is lost when the profile closes.
    silentlyClose = True  # noqa: N815

    def __init__(self) -> None:
        super().__init__(mw)
        self.texts = settings.texts()
        self._search: finding.Search | None = None
        self._is_closed = False
        self._target: tuple[str, str | None] = ("", None)
        self._lay_out()
        self._show_state()
        self._begin_search()

    # What it looks like

    def _lay_out(self) -> None:
        texts = self.texts
        self.setWindowTitle(texts("title"))
        self.setObjectName(NAME)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(_paragraph(texts("intro")))
        layout.addWidget(self._state_box())

        layout.addWidget(QLabel(texts("found")))
        self.list = QListWidget()
        self.list.setMinimumHeight(96)
        self.list.setSpacing(3)
        self.list.setAlternatingRowColors(True)
        self.list.setAccessibleName(texts("found"))
        layout.addWidget(self.list)
        self.hint = _paragraph(texts("searching"))
        layout.addWidget(self.hint)

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.address = _field(texts("address_hint"))
        self.account = _field("anki")
        self.code = _field(texts("code_hint"))
        self.code.setEchoMode(QLineEdit.EchoMode.PasswordEchoOnEdit)
        form.addRow(texts("address"), self.address)
        form.addRow(texts("account"), self.account)
        form.addRow(texts("code"), self.code)
        layout.addLayout(form)

        self.message = _paragraph("")
        self.message.hide()
        layout.addWidget(self.message)
        layout.addWidget(self._buttons())
        # A person looks for a name first; the address is for where there is none.
        qconnect(self.list.itemSelectionChanged, self._chosen)

    def _state_box(self) -> QWidget:
        box = QFrame()
        box.setFrameShape(QFrame.Shape.StyledPanel)
        row = QHBoxLayout(box)
        self.state = _paragraph("")
        self.back = QPushButton()
        qconnect(self.back.clicked, self._go_back)
        row.addWidget(self.state, 1)
        row.addWidget(self.back)
        return box

    def _buttons(self) -> QWidget:
        box = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole
        self.sync_now = box.addButton(self.texts("sync_now"), role.ActionRole)
        self.connect_button = box.addButton(self.texts("connect"), role.AcceptRole)
        self.close_button = box.addButton(self.texts("close"), role.RejectRole)
        for button in (self.sync_now, self.close_button, self.back):
            # Enter connects, wherever it is pressed in a field.
            button.setAutoDefault(False)
        self.connect_button.setDefault(True)
        self.sync_now.hide()
        qconnect(self.sync_now.clicked, self._sync)
        qconnect(box.accepted, self._connect)
        qconnect(box.rejected, self.close)
        return box

    def _show_state(self) -> None:
        texts = self.texts
        paired, url = profile.pairing(), mw.pm.custom_sync_url()
        if paired is None:
            self.state.setText(texts("now_other", address=url) if url else texts("now_ankiweb"))
        elif paired.is_in_use():
            self.state.setText(texts("now_deckport", name=paired.name, address=paired.url))
        else:
            self.state.setText(texts("now_changed", name=paired.name))
        before = paired.before["customSyncUrl"] if paired else None
        self.back.setText(texts("back_other", address=before) if before else texts("back"))
        self.back.setVisible(paired is not None)

    def _say(self, sentence: str, /, **values: str) -> None:
        self.message.setText(self.texts(sentence, **values))
        self.message.show()

    def _be_busy(self, busy: bool) -> None:
        for widget in (self.list, self.address, self.account, self.code):
            widget.setDisabled(busy)
        for button in (self.connect_button, self.back, self.sync_now):
            button.setDisabled(busy)

    # What is in the network

    def _begin_search(self) -> None:
        def tell(found: dict[str, finding.Found]) -> None:
            mw.taskman.run_on_main(lambda: self._show_found(found))

        in_background(lambda: finding.Search(tell), self._search_began)
        # Networks that answer at all answer within that.
        mw.progress.single_shot(4000, self._nothing_yet, False)

    def _search_began(self, future: Future) -> None:
        error = future.exception()
        if error is not None:
            if not self._is_closed:
                self.hint.setText(self.texts("cannot_search", reason=str(error)))
        elif self._is_closed:
            _end(future.result())
        else:
            self._search = future.result()

    def _nothing_yet(self) -> None:
        if not self._is_closed and self._search is not None and not self.list.count():
            self.hint.setText(self.texts("nothing_found"))

    def _show_found(self, found: dict[str, finding.Found]) -> None:
        if self._is_closed:
            return
        chosen = self._selected()
        self.list.clear()
        for endpoint in sorted(found.values(), key=lambda one: (one.name.lower(), one.instance)):
            kind = self.texts("encrypted" if endpoint.tls else "not_encrypted")
            item = QListWidgetItem(f"{endpoint.name}\n{endpoint.places[0].short()} · {kind}")
            item.setData(Qt.ItemDataRole.UserRole, endpoint)
            self.list.addItem(item)
            if chosen is not None and chosen.instance == endpoint.instance:
                self.list.setCurrentItem(item)
        if self.list.count() == 1 and not self.address.text():
            self.list.setCurrentRow(0)
        self.hint.setVisible(not self.list.count())

    def _selected(self) -> finding.Found | None:
        items = self.list.selectedItems()
        return items[0].data(Qt.ItemDataRole.UserRole) if items else None

    def _chosen(self) -> None:
        if self._selected() is not None:
            self.address.clear()

    def _at(self, place: address.Place) -> finding.Found | None:
        """What was found at a typed address, so that it can be followed."""
        for row in range(self.list.count()):
            found = self.list.item(row).data(Qt.ItemDataRole.UserRole)
            if any((one.host, one.port) == (place.host, place.port) for one in found.places):
                return found
        return None

    # Connecting

    def _connect(self) -> None:
        text, found = self.address.text().strip(), self._selected()
        try:
            places = (address.typed(text),) if text else found.places if found else ()
        except address.BadAddress:
            return self._say("bad_address", address=text)
        if not places:
            return self._say("choose")
        if not (self.account.text().strip() and self.code.text().strip()):
            return self._say("need_account")
        if text:
            found = self._at(places[0])
        self._target = (found.name, found.instance) if found else (places[0].short(), None)
        self._be_busy(True)
        self._say("connecting")
        reach = partial(reaching.reach, places, can_trust=profile.can_trust())
        return in_background(reach, self._reached)

    def _reached(self, future: Future) -> None:
        if self._is_closed:
            return
        error = future.exception()
        if error is not None:
            self._failed(error)
        elif future.result().certificate is None:
            self._log_in(future.result())
        else:
            self._ask_to_trust(future.result())

    def _ask_to_trust(self, reached: reaching.Reached) -> None:
        question = Question(self, self._target[0], reached.certificate or "")
        qconnect(question.accepted, lambda: self._log_in(reached))
        qconnect(question.rejected, lambda: self._stopped("not_trusted"))
        question.open()

    def _log_in(self, reached: reaching.Reached) -> None:
        account = self.account.text().strip()
        log_in = partial(mw.col.sync_login, account, self.code.text().strip(), reached.url)
        profile.trust(reached.certificate)
        in_background(log_in, partial(self._logged_in, reached, account))

    def _logged_in(self, reached: reaching.Reached, account: str, future: Future) -> None:
        error = future.exception()
        if error is not None or self._is_closed:
            profile.trust_as_paired()
            if not self._is_closed:
                self._failed(error)
            return
        login = {"hkey": future.result().hkey, "account": account}
        name, instance = self._target
        if not reached.can_be_followed():
            instance = None
        profile.connect(name, instance, reached.url, reached.certificate, login)
        profile.trust_as_paired()
        self.code.clear()
        self._stopped("connected" if instance else "connected_by_hand", name=name)
        self._show_state()
        self.sync_now.show()
        self.sync_now.setFocus()

    def _failed(self, error: BaseException | None) -> None:
        self._say_why(error)
        self.connect_button.setDefault(True)
        self.code.setFocus()
        self.code.selectAll()

    def _say_why(self, error: BaseException | None) -> None:
        name = self._target[0]
        if isinstance(error, talking.Unreachable):
            self._stopped("unreachable", name=name)
        elif isinstance(error, talking.NotAnEndpoint):
            self._stopped("not_an_endpoint", address=name)
        elif isinstance(error, talking.OnlyTls):
            self._stopped("needs_tls", name=name)
        elif isinstance(error, talking.OtherCertificate):
            self._stopped("certificate_differs", name=name)
        elif isinstance(error, SyncError) and error.kind is SyncErrorKind.AUTH:
            self._stopped("wrong_login")
        else:
            self._stopped("login_failed", reason=str(error))

    def _stopped(self, sentence: str, /, **values: str) -> None:
        self._be_busy(False)
        self._say(sentence, **values)

    # Afterwards

    def _sync(self) -> None:
        self.close()
        mw.on_sync_button_clicked()

    def _go_back(self) -> None:
        profile.go_back()
        self.sync_now.hide()
        self._show_state()
        self._say("back_done")

    def reject(self) -> None:
        """However it is closed, Qt calls this."""
        self._end()
        super().reject()

    def _end(self) -> None:
        aqt.dialogs.markClosed(NAME)
        self._is_closed = True
        if self._search is not None:
            _end(self._search)
            self._search = None


class Question(QDialog):
    """Whether a certificate is the right one."""

    def __init__(self, parent: QWidget, name: str, certificate: str) -> None:
        super().__init__(parent)
        texts = settings.texts()
        self.setWindowTitle(texts("trust_title"))
        self.setMinimumWidth(380)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(_paragraph(texts("trust", name=name)))
        groups = talking.fingerprint(certificate).split(" ")
        lines = [" ".join(groups[start : start + 4]) for start in range(0, len(groups), 4)]
        self.fingerprint = QLabel("\n".join(lines))
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(font.pointSizeF() * 1.3)
        self.fingerprint.setFont(font)
        self.fingerprint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.fingerprint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.fingerprint)
        box = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole
        box.addButton(texts("trust_yes"), role.AcceptRole)
        cancel = box.addButton(texts("trust_no"), role.RejectRole)
        # Nobody trusts by pressing Enter twice.
        cancel.setDefault(True)
        qconnect(box.accepted, self.accept)
        qconnect(box.rejected, self.reject)
        layout.addWidget(box)


def _paragraph(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    # Names come from the network: nothing in them is markup.
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _field(hint: str) -> QLineEdit:
    field = QLineEdit()
    field.setPlaceholderText(hint)
    return field


def _end(search: finding.Search) -> None:
    in_background(search.close, lambda _: None)


aqt.dialogs.register_dialog(NAME, Window)
