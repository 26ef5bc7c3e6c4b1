import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset


class Orders(Dataset):
    """Purchase sequences of different lengths; target: does the customer come back?"""

    def __init__(self, n, generator):
        self.rows = []
        for _ in range(n):
            length = int(torch.randint(3, 15, (1,), generator=generator))
            seq = torch.randn(length, 3, generator=generator)
            label = float(seq[-3:, 0].sum() > 0)
            self.rows.append((seq, label))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor(labels)


class ReturnModel(nn.Module):
    def __init__(self, n_features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        packed_out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(packed_out, batch_first=True)
        last = out[torch.arange(len(out)), lengths - 1]
        return self.fc(last).squeeze(1)


def main():
    torch.manual_seed(27)
    g = torch.Generator().manual_seed(27)
    train_loader = DataLoader(Orders(600, g), batch_size=30, shuffle=True, collate_fn=collate)
    valid_loader = DataLoader(Orders(200, g), batch_size=50, collate_fn=collate)
    model = ReturnModel(3, 24)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(8):
        model.train()
        for x, lengths, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x, lengths), y)
            loss.backward()
            optimizer.step()
        model.eval()
        right = 0
        with torch.no_grad():
            for x, lengths, y in valid_loader:
                right += ((model(x, lengths) > 0) == (y > 0.5)).sum().item()
        print(f"epoch {epoch}  valid acc {right / len(valid_loader.dataset):.3f}")


if __name__ == "__main__":
    main()
