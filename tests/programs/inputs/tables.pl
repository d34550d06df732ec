# SPDX-License-Identifier: BSD-2-Clause
# Hashes, lists, regular expressions, sorting, closures. The output is the result.
use strict;
use warnings;

my $state = 42;
sub next_random { return $state = ($state * 1103515245 + 12345) % 2147483648 }

my (%index, @records);
for my $i (0 .. 39999) {
    my $record = { id => $i, name => join('-', map { next_random() % 1000 } 1 .. 3),
        tags => [map { "t" . next_random() % 50 } 1 .. next_random() % 6] };
    push @records, $record;
    push @{ $index{$_} }, $record for @{ $record->{tags} };
}
for my $tag (sort keys %index) {
    my @sorted = sort { $a->{name} cmp $b->{name} || $a->{id} <=> $b->{id} } @{ $index{$tag} };
    print "$tag ", scalar(@sorted), " $sorted[0]{name} $sorted[-1]{id}\n";
}

# Half of it goes, and comes back in other sizes.
splice @records, $_, 1 for reverse 0 .. $#records / 2;
%index = ();
my $text = join ' ', map { $_->{name} x (1 + $_->{id} % 7) } @records;
my %seen;
$seen{$1}++ while $text =~ /\b(\d)(?=\d*-)/g;
print join(' ', map { "$_=$seen{$_}" } sort keys %seen), "\n";
(my $changed = $text) =~ s/(\d+)-(\d+)/$2 + $1/ge;
print length($text), ' ', length($changed), ' ', unpack('%32C*', $changed), "\n";
my @parts = split /-/, $text;
print scalar(@parts), ' ', join(',', (sort { $a cmp $b } @parts)[0 .. 4]), "\n";
my @closures = map { my $n = $_; sub { return $n * shift } } 1 .. 5000;
my $sum = 0;
$sum += $_->(3) for @closures;
print "$sum\n";
