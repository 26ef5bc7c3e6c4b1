import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

config = {"seed": 0, "vocab": 40, "hidden": 48, "pretrain_epochs": 3, "finetune_epochs": 10, "lr": 1e-2}


class TextEncoder(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, 24)
        self.gru = nn.GRU(24, hidden, batch_first=True)

    def forward(self, ids):
        return self.gru(self.embedding(ids))[0]


class LanguageModel(nn.Module):
    def __init__(self, encoder, vocab, hidden):
        super().__init__()
        self.encoder = encoder
        self.decoder = nn.Linear(hidden, vocab)

    def forward(self, ids):
        return self.decoder(self.encoder(ids))


class Classifier(nn.Module):
    """Linear probe on a fixed, pretrained encoder."""

    def __init__(self, encoder, hidden, n_classes=2):
        super().__init__()
        self.encoder = encoder
        self.encoder.requires_grad = False
        self.head = nn.Linear(hidden, n_classes)

    def forward(self, ids):
        return self.head(self.encoder(ids).mean(1))


def walks(n, vocab, length=12):
    """Class 0 counts up, class 1 counts down, with noise."""
    y = torch.randint(0, 2, (n,))
    step = torch.where(y == 0, 1, -1).unsqueeze(1)
    ids = torch.randint(0, vocab, (n, 1)) + step * torch.arange(length)
    jitter = (torch.rand(n, length) < 0.1).long() * torch.randint(0, vocab, (n, length))
    return (ids + jitter) % vocab, y


def main(cfg):
    torch.manual_seed(cfg["seed"])
    encoder = TextEncoder(cfg["vocab"], cfg["hidden"])

    lm = LanguageModel(encoder, cfg["vocab"], cfg["hidden"])
    optimizer = torch.optim.Adam(lm.parameters(), lr=5e-3)
    unlabeled, _ = walks(1500, cfg["vocab"])
    for epoch in range(cfg["pretrain_epochs"]):
        for idx in torch.randperm(len(unlabeled)).split(64):
            logits = lm(unlabeled[idx, :-1])
            loss = nn.functional.cross_entropy(logits.transpose(1, 2), unlabeled[idx, 1:])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"pretrain {epoch} loss {loss.item():.3f}")

    model = Classifier(encoder, cfg["hidden"])
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    train_loader = DataLoader(TensorDataset(*walks(64, cfg["vocab"])), batch_size=16, shuffle=True)
    test_ids, test_y = walks(400, cfg["vocab"])
    for epoch in range(cfg["finetune_epochs"]):
        model.train()
        for ids, y in train_loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(ids), y)
            loss.backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        acc = (model(test_ids).argmax(1) == test_y).float().mean().item()
    print(f"probe loss {loss.item():.3f} test acc {acc:.3f}")


main(config)
