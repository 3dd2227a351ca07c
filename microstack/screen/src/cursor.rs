//! Names of pointers, as themes and toolkits have them, to the looks a viewer knows.

/// The look when nothing better is known.
pub(crate) const DEFAULT: u8 = 0;
/// No pointer at all.
pub(crate) const NONE: u8 = 14;

/// The numbers of command 88, with the names that go with each.
const LOOKS: &[(u8, &[&str])] = &[
    (DEFAULT, &["default", "left_ptr", "arrow", "top_left_arrow"]),
    (1, &["progress", "left_ptr_watch", "half-busy"]),
    (2, &["crosshair", "cross", "tcross", "cross_reverse", "diamond_cross", "cell", "plus"]),
    (3, &["pointer", "hand", "hand1", "hand2", "pointing_hand"]),
    (4, &["help", "question_arrow", "whats_this", "left_ptr_help"]),
    (5, &["text", "xterm", "ibeam", "vertical-text"]),
    (6, &["no-drop", "dnd-none"]),
    (7, &["move", "fleur", "size_all", "all-scroll", "grabbing", "grab", "closedhand", "openhand"]),
    (
        8,
        &[
            "nesw-resize",
            "ne-resize",
            "sw-resize",
            "top_right_corner",
            "bottom_left_corner",
            "fd_double_arrow",
            "size_bdiag",
        ],
    ),
    (
        9,
        &[
            "ns-resize",
            "n-resize",
            "s-resize",
            "top_side",
            "bottom_side",
            "sb_v_double_arrow",
            "v_double_arrow",
            "size_ver",
            "double_arrow",
        ],
    ),
    (
        10,
        &[
            "nwse-resize",
            "nw-resize",
            "se-resize",
            "top_left_corner",
            "bottom_right_corner",
            "bd_double_arrow",
            "size_fdiag",
        ],
    ),
    (
        11,
        &[
            "w-resize",
            "e-resize",
            "ew-resize",
            "left_side",
            "right_side",
            "sb_h_double_arrow",
            "h_double_arrow",
            "size_hor",
        ],
    ),
    (12, &["alias", "link", "dnd-link"]),
    (13, &["wait", "watch"]),
    (NONE, &["none", "blank"]),
    (15, &["not-allowed", "forbidden", "crossed_circle", "circle", "pirate"]),
    (16, &["col-resize", "split_h"]),
    (17, &["row-resize", "split_v"]),
    (18, &["copy", "dnd-copy"]),
    (19, &["zoom-in", "zoom_in"]),
    (20, &["zoom-out", "zoom_out"]),
];

/// The look of a pointer by its name; `image` has its pixels, of which the highest byte says how much shows.
pub(crate) fn look(name: &[u8], image: &[u32]) -> u8 {
    if image.iter().all(|pixel| pixel >> 24 == 0) {
        return NONE;
    }
    let Ok(name) = std::str::from_utf8(name) else { return DEFAULT };
    LOOKS.iter().find(|(_, names)| names.contains(&name)).map_or(DEFAULT, |(look, _)| *look)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_themes_and_of_x_itself() {
        let seen = [0xFF00_0000];
        assert_eq!(look(b"xterm", &seen), 5);
        assert_eq!(look(b"hand2", &seen), 3);
        assert_eq!(look(b"", &seen), DEFAULT);
        assert_eq!(look(b"\xff", &seen), DEFAULT);
        assert_eq!(look(b"xterm", &[0, 0]), NONE);
        let mut all: Vec<_> = LOOKS.iter().flat_map(|(_, names)| *names).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "a name has one look");
    }
}
