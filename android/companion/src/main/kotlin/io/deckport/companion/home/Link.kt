package io.deckport.companion.home

import androidx.annotation.DrawableRes
import androidx.annotation.StringRes
import io.deckport.AddressKind
import io.deckport.companion.R

/** How a person calls the link over which an address is reached. */
enum class Link(@param:StringRes val label: Int, @param:DrawableRes val icon: Int) {
    Usb(R.string.link_usb, R.drawable.ic_usb),
    Wifi(R.string.link_wifi, R.drawable.ic_wifi),
    Hotspot(R.string.link_hotspot, R.drawable.ic_hotspot),
    Bluetooth(R.string.link_bluetooth, R.drawable.ic_bluetooth),
    Wired(R.string.link_wired, R.drawable.ic_wired),
    ThisPhone(R.string.link_this_phone, R.drawable.ic_phone),
    Vpn(R.string.link_vpn, R.drawable.ic_vpn),
    Other(R.string.link_other, R.drawable.ic_wired),
    ;

    companion object {
        /** What the engine calls otherwise. */
        fun of(kind: AddressKind): Link = when (kind) {
            AddressKind.USB -> Usb
            AddressKind.WIFI -> Wifi
            AddressKind.HOTSPOT -> Hotspot
            AddressKind.BLUETOOTH -> Bluetooth
            AddressKind.ETHERNET -> Wired
            AddressKind.LOOPBACK -> ThisPhone
            AddressKind.VPN -> Vpn
            AddressKind.MOBILE, AddressKind.VIRTUAL, AddressKind.OTHER -> Other
        }
    }
}
