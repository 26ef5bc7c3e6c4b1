import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

ALPHABET = 9  # 0 is padding


class Strings(Dataset):
    """Random strings; the label says whether symbol 3 comes before the first symbol 5."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        while len(self.items) < n:
            length = int(torch.randint(6, 16, (1,), generator=g))
            s = torch.randint(1, ALPHABET, (length,), generator=g)
            three, five = (s == 3).nonzero(), (s == 5).nonzero()
            if len(three) and len(five):
                self.items.append((s, float(three[0, 0] < five[0, 0])))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, k):
        return self.items[k]


def collate(batch):
    batch = sorted(batch, key=lambda item: -len(item[0]))
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels)


class Encoder(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.embed = nn.Embedding(ALPHABET, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embed(tokens), lengths, batch_first=True)
        _, (h, _) = self.lstm(packed)
        return h[-1]


class Detector(nn.Module):
    def __init__(self, encoder, dim=24):
        super().__init__()
        self.encoder = encoder
        self.classify = nn.Sequential(nn.Linear(dim, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1))

    def forward(self, tokens, lengths):
        code = self.encoder(tokens, lengths)
        return self.classify(code).squeeze(1)


def pretrain(encoder, loader, epochs):
    """Counts of the symbols as a first task."""
    head = nn.Linear(24, ALPHABET)
    opt = optim.Adam([*encoder.parameters(), *head.parameters()], lr=5e-3)
    for _ in range(epochs):
        for tokens, lengths, _ in loader:
            counts = nn.functional.one_hot(tokens, ALPHABET)[..., 1:].sum(1).float()
            loss = nn.functional.mse_loss(head(encoder(tokens, lengths))[:, 1:], counts)
            opt.zero_grad()
            loss.backward()
            opt.step()


def main():
    torch.manual_seed(0)
    train_dl = DataLoader(Strings(600, 0), batch_size=30, shuffle=True, collate_fn=collate)
    test_dl = DataLoader(Strings(300, 1), batch_size=100, collate_fn=collate)
    encoder = Encoder()
    pretrain(encoder, train_dl, epochs=2)

    model = Detector(encoder)
    optimizer = optim.Adam([
        {"params": model.encoder.parameters(), "lr": 4e-3},
        {"params": model.classify.parameters(), "lr": 8e-3},
    ])
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(8):
        model.train()
        total = 0.0
        for tokens, lengths, label in train_dl:
            optimizer.zero_grad()
            loss = criterion(model(tokens, lengths), label)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(label)
        print(f"epoch {epoch}: loss {total / len(train_dl.dataset):.4f}")

    model.eval()
    hits = 0
    with torch.no_grad():
        for tokens, lengths, label in test_dl:
            hits += ((model(tokens, lengths) > 0).float() == label).sum().item()
    print(f"test accuracy {hits / len(test_dl.dataset):.3f}")


if __name__ == "__main__":
    main()
