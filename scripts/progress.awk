# Turns the output of `go build -v` into a line for each hundred packages; all is how many there
# are. With -v the compiler names each package that it is done with, alone on its line; what has a
# space or colon is said by the go command.
/[ :\t]/ { print; fflush(); next }
++n % 100 == 0 { printf "  %d of at most %d packages\n", n, all; fflush() }
