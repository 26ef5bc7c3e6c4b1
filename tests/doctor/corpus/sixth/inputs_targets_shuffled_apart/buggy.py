import torch
from torch import nn


class ArrayBatches:
    """Kleiner Ersatz fuer DataLoader: haelt alles im Speicher und mischt jede Epoche."""

    def __init__(self, x, y, size, mix):
        self.x, self.y = x, y
        self.size = size
        self.mix = mix

    def __iter__(self):
        if self.mix:
            self.remix()
        for a in range(0, len(self.x), self.size):
            yield self.x[a:a + self.size], self.y[a:a + self.size]

    def remix(self):
        self.x = self.x[torch.randperm(len(self.x))]
        self.y = self.y[torch.randperm(len(self.y))]


def daten(n, g):
    # Pendel: Winkel und Geschwindigkeit -> Beschleunigung
    zustand = torch.rand(n, 2, generator=g) * 4 - 2
    beschl = -torch.sin(zustand[:, :1]) - 0.3 * zustand[:, 1:]
    return zustand, beschl


def lauf():
    g = torch.Generator().manual_seed(5)
    torch.manual_seed(5)
    training = ArrayBatches(*daten(1024, g), size=64, mix=True)
    pruefung = ArrayBatches(*daten(300, g), size=100, mix=False)
    netz = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
    opt = torch.optim.Adam(netz.parameters(), lr=1e-2)
    for epoche in range(15):
        netz.train()
        for x, y in training:
            opt.zero_grad()
            fehler = nn.functional.mse_loss(netz(x), y)
            fehler.backward()
            opt.step()
        netz.eval()
        summe = 0.0
        with torch.no_grad():
            for x, y in pruefung:
                summe += nn.functional.mse_loss(netz(x), y, reduction="sum").item()
        print(f"Epoche {epoche}: {summe / len(pruefung.x):.4f}")


if __name__ == "__main__":
    lauf()
