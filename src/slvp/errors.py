"""The one exception that means: the user can mend this."""


class UserError(Exception):
    """A wrong file, option or sentence.

    The message is one sentence that names the file or option and says what was expected and
    what to do. The command line prints it on stderr and exits with code 2; a library user sees
    an ordinary exception.
    """
