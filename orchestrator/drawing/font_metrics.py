"""The width of text in the font of the pictures. Kerning is ignored, so it may be 1 % too wide."""

UNITS = 2048  # per em

#: The advance widths of the characters from space to tilde, from fonts/regular.ttf and fonts/bold.ttf.
_REGULAR = """
508 528 656 1261 1151 1500 1274 358 701 713 882 1162 403 566 540 845 1151 1151 1151 1151 1151 1151
1151 1151 1151 1151 496 433 1041 1124 1071 968 1839 1336 1276 1333 1344 1164 1132 1395 1461 557 1130
1285 1103 1788 1461 1409 1292 1409 1262 1216 1222 1328 1304 1817 1284 1230 1227 543 841 543 856 924
633 1114 1150 1072 1155 1086 712 1150 1128 498 490 1038 498 1796 1131 1168 1150 1164 694 1057 670
1129 992 1539 1016 969 1016 693 500 693 1393
"""
_BOLD = """
510 549 664 1250 1164 1504 1309 346 715 723 906 1142 451 673 572 811 1164 1164 1164 1164 1164 1164
1164 1164 1164 1164 543 487 1041 1146 1066 997 1833 1363 1293 1337 1338 1158 1126 1395 1456 578 1137
1291 1109 1793 1455 1414 1310 1414 1279 1237 1244 1336 1326 1803 1296 1248 1234 562 856 562 876 924
660 1109 1153 1073 1157 1099 726 1161 1137 524 513 1069 524 1783 1139 1166 1153 1163 720 1058 682
1138 1014 1522 1031 997 1031 687 514 687 1361
"""

_OTHER = 1100  # any other character: about as wide as a digit

_WIDTHS = {
    bold: {chr(32 + number): int(width) for number, width in enumerate(text.split())}
    for bold, text in ((False, _REGULAR), (True, _BOLD))
}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of ``text`` in points, at ``size`` points."""
    widths = _WIDTHS[bold]
    return sum(widths.get(letter, _OTHER) for letter in text) * size / UNITS
