//! The Unicode classes that `\p{…}` may name: those that hold ASCII characters, and the rest.

use super::char_set::CharSet;

/// Name, its ASCII characters as bits, and its ASCII characters where case does not count.
const WITH_ASCII: &[(&str, u128, u128)] = &[
    ("Any", 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff),
    ("C", 0x8000_0000_0000_0000_0000_0000_ffff_ffff, 0x8000_0000_0000_0000_0000_0000_ffff_ffff),
    ("Cc", 0x8000_0000_0000_0000_0000_0000_ffff_ffff, 0x8000_0000_0000_0000_0000_0000_ffff_ffff),
    ("Common", 0xf800_0001_f800_0001_ffff_ffff_ffff_ffff, 0xf800_0001_f800_0001_ffff_ffff_ffff_ffff),
    ("L", 0x07ff_fffe_07ff_fffe_0000_0000_0000_0000, 0x07ff_fffe_07ff_fffe_0000_0000_0000_0000),
    ("Latin", 0x07ff_fffe_07ff_fffe_0000_0000_0000_0000, 0x07ff_fffe_07ff_fffe_0000_0000_0000_0000),
    ("Ll", 0x07ff_fffe_0000_0000_0000_0000_0000_0000, 0x07ff_fffe_0008_0800_0000_0000_0000_0000),
    ("Lu", 0x07ff_fffe_0000_0000_0000_0000, 0x07ff_fffe_07ff_fffe_0000_0000_0000_0000),
    ("N", 0x03ff_0000_0000_0000, 0x03ff_0000_0000_0000),
    ("Nd", 0x03ff_0000_0000_0000, 0x03ff_0000_0000_0000),
    ("P", 0x2800_0000_b800_0001_8c00_f7ee_0000_0000, 0x2800_0000_b800_0001_8c00_f7ee_0000_0000),
    ("Pc", 0x8000_0000_0000_0000_0000_0000, 0x8000_0000_0000_0000_0000_0000),
    ("Pd", 0x2000_0000_0000, 0x2000_0000_0000),
    ("Pe", 0x2000_0000_2000_0000_0000_0200_0000_0000, 0x2000_0000_2000_0000_0000_0200_0000_0000),
    ("Po", 0x1000_0001_8c00_d4ee_0000_0000, 0x1000_0001_8c00_d4ee_0000_0000),
    ("Ps", 0x0800_0000_0800_0000_0000_0100_0000_0000, 0x0800_0000_0800_0000_0000_0100_0000_0000),
    ("S", 0x5000_0001_4000_0000_7000_0810_0000_0000, 0x5000_0001_4000_0000_7000_0810_0000_0000),
    ("Sc", 0x0010_0000_0000, 0x0010_0000_0000),
    ("Sk", 0x0001_4000_0000_0000_0000_0000_0000, 0x0001_4000_0000_0000_0000_0000_0000),
    ("Sm", 0x5000_0000_0000_0000_7000_0800_0000_0000, 0x5000_0000_0000_0000_7000_0800_0000_0000),
    ("Z", 0x0001_0000_0000, 0x0001_0000_0000),
    ("Zs", 0x0001_0000_0000, 0x0001_0000_0000),
];

/// Names of classes without ASCII characters.
const WITHOUT_ASCII: &str = "\
    Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal \
    Carian Cf Cham Cherokee Co Coptic Cs Cuneiform Cypriot Cyrillic Deseret Devanagari Egyptian_Hieroglyphs Ethiopic \
    Georgian Glagolitic Gothic Greek Gujarati Gurmukhi Han Hangul Hanunoo Hebrew Hiragana Imperial_Aramaic Inherited \
    Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Lao \
    Lepcha Limbu Linear_B Lisu Lm Lo Lt Lycian Lydian M Malayalam Mandaic Mc Me Meetei_Mayek Mn Mongolian Myanmar \
    New_Tai_Lue Nko Nl No Ogham Ol_Chiki Old_Italic Old_Persian Old_South_Arabian Old_Turkic Oriya Osmanya Pf \
    Phags_Pa Phoenician Pi Rejang Runic Samaritan Saurashtra Shavian Sinhala So Sundanese Syloti_Nagri Syriac \
    Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Tamil Telugu Thaana Thai Tibetan Tifinagh Ugaritic Unknown Vai Yi Zl \
    Zp";

/// Those of the rest that the engine's tables do not have, because nobody can write their characters, or they have none.
const WITHOUT_CHARACTERS: [&str; 2] = ["Cs", "Unknown"];

/// The class of this name; `None` where RE2/J knows no such class. `folds`: case does not count.
pub(super) fn class(name: &str, folds: bool) -> Option<CharSet> {
    if let Some((known, bits, folded)) = WITH_ASCII.iter().find(|(known, ..)| *known == name) {
        return Some(CharSet::of_class(if folds { *folded } else { *bits }, Some(known)));
    }
    let known = WITHOUT_ASCII.split(' ').find(|known| *known == name)?;
    Some(CharSet::of_class(0, Some(known).filter(|known| !WITHOUT_CHARACTERS.contains(known))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_knows_every_class_that_has_characters() {
        let names = WITH_ASCII.iter().map(|(name, ..)| *name).chain(WITHOUT_ASCII.split(' '));
        let unknown = names.filter(|name| regex::Regex::new(&format!(r"[\p{{{name}}}]")).is_err());
        assert_eq!(unknown.collect::<Vec<_>>(), WITHOUT_CHARACTERS);
    }
}
