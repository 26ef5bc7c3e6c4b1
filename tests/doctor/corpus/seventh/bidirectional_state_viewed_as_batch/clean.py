# Herkunft erfundener Ortsnamen aus den Buchstaben erkennen
import random
import string

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

random.seed(4)
torch.manual_seed(4)

BUCHSTABEN = {c: i + 1 for i, c in enumerate(string.ascii_lowercase)}  # 0 ist Auffüllung
SILBEN = {
    "nord": ["sten", "vik", "holm", "berg", "sund", "by", "ness"],
    "sued": ["mon", "tella", "rio", "cala", "vento", "sa", "dora"],
    "ost": ["grad", "ova", "kra", "zny", "pol", "sk", "mira"],
}
GEMEINSAM = ["an", "el", "tor", "ma", "li", "ra", "no"]
KLASSEN = list(SILBEN)


def erfinde():
    klasse = random.randrange(len(KLASSEN))
    teile = [random.choice(GEMEINSAM) for _ in range(random.randint(1, 3))]
    teile.insert(random.randint(0, len(teile)), random.choice(SILBEN[KLASSEN[klasse]]))
    return "".join(teile), klasse


# jeder Name kommt nur einmal vor, damit Training und Test getrennt sind
namen = {}
while len(namen) < 1500:
    name, klasse = erfinde()
    namen[name] = klasse
paare = list(namen.items())
random.shuffle(paare)
training, test = paare[:1200], paare[1200:]


def zusammenfassen(batch):
    folgen = [torch.tensor([BUCHSTABEN[c] for c in name]) for name, _ in batch]
    laengen = torch.tensor([len(f) for f in folgen])
    return pad_sequence(folgen, batch_first=True), laengen, torch.tensor([k for _, k in batch])


class Namensmodell(nn.Module):
    def __init__(self, dim=16, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(27, dim, padding_idx=0)
        self.gru = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.aus = nn.Linear(2 * hidden, len(KLASSEN))

    def merkmale(self, ids, laengen):
        gepackt = pack_padded_sequence(self.emb(ids), laengen, batch_first=True, enforce_sorted=False)
        _, h = self.gru(gepackt)  # letzter Zustand beider Richtungen
        return h.transpose(0, 1).reshape(ids.size(0), -1)

    def forward(self, ids, laengen):
        return self.aus(self.merkmale(ids, laengen))


lader = DataLoader(training, batch_size=40, shuffle=True, collate_fn=zusammenfassen)
testlader = DataLoader(test, batch_size=100, collate_fn=zusammenfassen)
modell = Namensmodell()
verlust = nn.CrossEntropyLoss()
opt = torch.optim.Adam(modell.parameters(), lr=5e-3)

for epoche in range(4):
    modell.train()
    for ids, laengen, ziel in lader:
        opt.zero_grad()
        verlust(modell(ids, laengen), ziel).backward()
        opt.step()
    modell.eval()
    richtig = 0
    with torch.no_grad():
        for ids, laengen, ziel in testlader:
            richtig += (modell(ids, laengen).argmax(1) == ziel).sum().item()
    print(f"Epoche {epoche}: Testgenauigkeit {richtig / len(test):.3f}")
