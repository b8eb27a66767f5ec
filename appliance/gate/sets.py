"""P The kernel's sets and maps, as the head of the nftables text: what is known of people and devices, and how long."""

SETS = """
table inet {table} {{
	map people {{
		type ether_addr : mark
		size {devices}
		flags timeout
		counter
		comment "the admitted, IPv4 and IPv6 alike; timeout = end of the session, counter = sent by the device"
	}}

	map guests {{
		type ether_addr : mark
		size {devices}
		flags timeout
		counter
		comment "whoever passes without a tap during the grace after a reboot"
	}}

	set life {{
		type ifname
		comment "holds the LAN; the element's own comment names the boot in which these sets were made"
	}}

	set grace {{
		type ifname
		flags timeout
		comment "holds the LAN while everyone passes"
	}}

	set offline {{
		type ifname
		flags timeout
		comment "holds the LAN while the uplink is down"
	}}

	set sent {{
		type mark
		size 1024
		flags dynamic
		counter
		comment "bytes a person sent to the internet"
	}}

	set received {{
		type mark
		size 1024
		flags dynamic
		counter
		comment "bytes a person got from the internet, before the shaper"
	}}

	set spent {{
		type ether_addr
		size {devices}
		flags timeout
		timeout 1d
		counter
		comment "devices by what their person has used of the day's volume, where the site has one"
	}}

	set hurrying {{
		type ether_addr
		size {devices}
		flags dynamic, timeout
		timeout 2m
		comment "captive devices by how fast they open connections to the box"
	}}

	set crowding {{
		type ether_addr
		size {devices}
		flags dynamic
		comment "devices by their open connections to the box's web"
	}}

	set asking {{
		type ether_addr
		size {devices}
		flags dynamic
		comment "devices by their open connections to the box's name servers"
	}}
{bounds_sets}{garden_sets}"""
"""They come first: they keep their elements when the same text is loaded again, rules and chains do not."""
