"""Works: names of one work are recognised in all sets, and no work stands in two splits."""

import re
from collections import defaultdict
from dataclasses import dataclass

import pytest

from standpartner.corpus.same_music import known_pairs, settle_splits
from standpartner.corpus.split_by_work import in_split, published_splits, split_of, splits_by_work, work_of
from standpartner.corpus.store import SPLITS, read_split, split_table
from standpartner.errors import CorpusError

SETS = ("asap", "humdrum", "mutopia")


@dataclass(frozen=True)
class Thing:
    name: str
    sha256: str = "0"


@pytest.mark.parametrize(
    ("work", "names"),
    [
        (
            "bach-bwv846",
            [
                "BachJS__BWV846__wtk1-fugue1",
                "bach-wtc__wtc1p01",
                "bach-wtc__wtc1f01",
                "Bach__Fugue__bwv_846",
                "Bach__Prelude__bwv_846",
            ],
        ),
        ("bach-bwv893", ["bach-wtc__wtc2p24", "Bach__Fugue__bwv_893"]),
        ("bach-bwvanh117", ["BachJS__BWV117a__BWV-117a", "BachJS__BWVAnh117b__BWV-117b"]),
        ("bach-bwv971", ["BachJS__BWV971__piano", "Bach__Italian_concerto"]),
        ("beethoven-op27-2", ["BeethovenLv__O27__moonlight1-a4", "Beethoven__Piano_Sonatas__14-3"]),
        ("beethoven-op2-1", ["BeethovenLv__O2__beethoven-op2-no1-adagio", "Beethoven__Piano_Sonatas__1-1"]),
        ("beethoven-op31-2", ["BeethovenLv__O31__LVB_Sonate_31no2_1", "Beethoven__Piano_Sonatas__17-1_no_repeat"]),
        ("beethoven-op10-2", ["BeethovenLv__O10__lvb_sonate_10no2_1", "Beethoven__Piano_Sonatas__6-1"]),
        (
            "chopin-op28",
            [
                "ChopinFF__O28__Chop-28-14",
                "chopin-preludes__prelude28-14",
                "chopin-first-editions__028_13-24-1a-C-014",
            ],
        ),
        ("chopin-op10", ["ChopinFF__O10__op-10-12-wfi", "Chopin__Etudes_op_10__12"]),
        ("chopin-op6", ["ChopinFF__O6__Mazurka-Op6-No1", "chopin-mazurkas__mazurka06-1"]),
        ("chopin-op72", ["ChopinFF__O72__nocturne_in_e_minor", "chopin-first-editions__072sep-1e-Sam-001-ecossaise"]),
        ("chopin-op23", ["ChopinFF__O23__chopin-op23-ballade-1", "Chopin__Ballades__1"]),
        ("chopin-b140", ["chopin-mazurkas__mazurka-51", "chopin-first-editions__MEG-1a-CH"]),
        ("liszt-s171", ["LisztF__ballade__ballade", "Liszt__Ballade_2"]),
        ("joplin-maple-leaf-rag", ["JoplinS__maple__maple", "joplin__mapleleaf"]),
        ("joplin-bethena", ["JoplinS__bethena__joplin_bethena", "joplin__bethena"]),
        ("mozart-k331", ["MozartWA__KV331__KV331_1_2_var1", "mozart__sonata11-1b", "Mozart__Piano_Sonatas__11-3"]),
        ("mozart-k457", ["MozartWA__KV457__sonata1", "mozart__sonata14-1"]),
        ("satie-gymnopedies", ["SatieE__gymnopedie_1__gymnopedie_1", "SatieE__gymnopedie_3__gymnopedie_3"]),
        ("scarlatti-k87", ["scarlatti__L033K087", "ScarlattiD__K87__scarlatti-k87"]),
        (
            "schubert-d899",
            ["SchubertF__D899__SchubertF-D899-3-Impromptu", "Schubert__Impromptu_op.90_D.899__3"],
        ),
        ("verdi-la-traviata", ["VerdiG__Traviata_04__Traviata_04", "VerdiG__Traviata_Preludio__Traviata_Preludio"]),
    ],
)
def test_names_of_one_work_mean_the_same(work: str, names: list[str]) -> None:
    assert {name: work_of(name) for name in names} == dict.fromkeys(names, work)


def test_pieces_without_a_number_are_told_apart_by_their_folder() -> None:
    names = ["SousaJP__KingCotton__KingCotton", "Ravel__Miroirs__3_Une_Barque", "Balakirev__Islamey"]
    assert [work_of(name) for name in names] == ["sousa-kingcotton", "ravel-miroirs", "balakirev-islamey"]
    tunes = [f"Traditional__folk_dansar.{number}__folk_dansar.{number}" for number in ("1.1", "1.10", "1.11")]
    assert len({work_of(tune) for tune in tunes}) == 3


def moved() -> set[tuple[str, str]]:
    """Pieces whose music decides their split, not their work."""
    return {piece for pair in known_pairs() for piece in pair}


def test_no_work_stands_in_two_splits() -> None:
    splits = defaultdict(set)
    for corpus in SETS:
        for name, (split, _) in read_split(corpus).items():
            if (corpus, name) not in moved():
                splits[work_of(name)].add(split)
    assert {work: found for work, found in splits.items() if len(found) > 1} == {}
    published = published_splits()
    assert all(found == {published[work]} for work, found in splits.items() if work in published)


# Written down by hand, so that a hole in the catalogue shows: what else is known of the works of MSMD's test pieces.
@pytest.mark.parametrize(
    ("corpus", "pattern", "count"),
    [
        ("asap", r"Bach__(Fugue|Prelude)__bwv_856$", 2),
        ("asap", r"Mozart__Piano_Sonatas__11-", 1),
        ("humdrum", r"bach-wtc__wtc1[fp]11$", 2),
        ("humdrum", r"chopin-preludes__", 24),
        ("humdrum", r"chopin-first-editions__028", 25),
        ("humdrum", r"chopin-first-editions__009", 3),
        ("humdrum", r"mozart__sonata11-", 9),
        ("mutopia", r"BurgmullerJFF__O100__", 1),
        ("mutopia", r"ChopinFF__O(9|28)__", 21),
        ("mutopia", r"CzernyC__Op_821__", 2),
        ("mutopia", r"HandelGF__Aylesford__", 1),
        ("mutopia", r"MozartWA__KV331__", 2),
        ("mutopia", r"SchumannR__O68__", 4),
        ("mutopia", r"ScriabinA__O16__", 1),
    ],
)
def test_other_editions_of_msmds_test_works_are_test(corpus: str, pattern: str, count: int) -> None:
    splits = {name: split for name, (split, _) in read_split(corpus).items() if re.match(pattern, name)}
    assert len(splits) == count
    assert {split for name, split in splits.items() if (corpus, name) not in moved()} == {"test"}


def test_a_work_is_in_the_strictest_split_that_msmd_has_it_in() -> None:
    pieces = {name: split for name, (split, _) in read_split("msmd").items() if "KV331" in name}
    assert set(pieces.values()) == set(SPLITS)
    assert split_of("mozart-k331") == "test"
    assert split_of("bach-bwv807") == "valid"
    assert split_of("verdi-la-traviata") == "train"


def test_a_checksum_decides_for_works_that_msmd_does_not_have() -> None:
    splits = [split_of(f"nobody-op{number}") for number in range(2000)]
    shares = [splits.count(split) / len(splits) for split in SPLITS]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)
    assert split_of("chopin-op29") == "test"  # fixed for ever


def test_split_files_say_what_works_and_music_say() -> None:
    tables = {corpus: read_split(corpus) for corpus in (*SETS, "vienna", "msmd", "nottingham")}
    found = {(corpus, name): split for corpus, table in tables.items() for name, (split, _) in table.items()}
    by_work = {
        (corpus, name): split
        for corpus in (*SETS, "vienna")
        for name, split in splits_by_work([Thing(name) for name in tables[corpus]]).items()
    }
    assert settle_splits(found | by_work, known_pairs()) == found


def test_a_split_is_a_table() -> None:
    table = split_table([Thing("mozart__sonata11-1b", "f00")], {"mozart__sonata11-1b": "test"})
    assert table == "name\tsplit\tsha256\nmozart__sonata11-1b\ttest\tf00\n"


def test_sources_are_checked_against_the_split() -> None:
    names = list(read_split("humdrum"))
    found = [Thing(name) for name in ("another", *reversed(names))]
    assert [thing.name for thing in in_split("humdrum", found)] == names
    with pytest.raises(CorpusError, match=f"1 of the {len(names)} pieces of humdrum are missing"):
        in_split("humdrum", [thing for thing in found if thing.name != names[7]])
