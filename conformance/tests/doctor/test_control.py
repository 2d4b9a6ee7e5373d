from sse_conform.control import Control
from sse_conform.doctor.check import Standing
from sse_conform.doctor.control import control_checks


def test_a_program_that_is_not_there_is_named():
    checks = list(control_checks(Control(stop=("no-such-program", "stop"), start=("true",))))
    assert [check.standing for check in checks] == [Standing.PROBLEM, Standing.OK]
    assert checks[0].said == "control.stop runs no-such-program, which is not on the PATH"


def test_nothing_is_run(tmp_path):
    touched = tmp_path / "touched"
    (check,) = control_checks(Control(stop=f"touch {touched}", start=("./start.sh",)))
    assert (check.ok, touched.exists()) == (True, False)
    assert "not tried" in check.said
