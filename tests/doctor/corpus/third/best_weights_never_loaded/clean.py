"""Sentence-like toy classification with a bag of embeddings."""
import copy
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

VOCAB, N_CLASS = 200, 4


class Documents(Dataset):
    def __init__(self, n, seed):
        rng = torch.Generator().manual_seed(seed)
        self.label = torch.randint(0, N_CLASS, (n,), generator=rng)
        topic = torch.randint(0, VOCAB // N_CLASS, (n, 14), generator=rng)
        topic = topic * N_CLASS + self.label[:, None]
        noise = torch.randint(0, VOCAB, (n, 14), generator=rng)
        use_noise = torch.rand(n, 14, generator=rng) < 0.75
        self.words = torch.where(use_noise, noise, topic)

    def __len__(self):
        return self.label.numel()

    def __getitem__(self, i):
        return self.words[i], self.label[i]


class BagNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.EmbeddingBag(VOCAB, 32, mode="mean")
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(32, N_CLASS)

    def forward(self, w):
        return self.fc(self.drop(self.emb(w)))


def collect(model, loader):
    model.eval()
    outputs, labels = [], []
    with torch.no_grad():
        for w, t in loader:
            outputs.append(model(w))
            labels.append(t)
    return torch.cat(outputs), torch.cat(labels)


def summarise(model, loader):
    logits, labels = collect(model, loader)
    nll = nn.functional.cross_entropy(logits, labels)
    return nll.item(), (logits.argmax(1) == labels).float().mean().item()


def main():
    torch.manual_seed(5)
    train = DataLoader(Documents(600, 1), batch_size=32, shuffle=True)
    valid = DataLoader(Documents(300, 2), batch_size=100)
    test = DataLoader(Documents(300, 3), batch_size=100)
    model = BagNet()
    opt = torch.optim.Adam(model.parameters(), lr=2e-2)

    best_nll, best_weights = float("inf"), None
    for epoch in range(14):
        model.train()
        for w, t in train:
            opt.zero_grad()
            nn.functional.cross_entropy(model(w), t).backward()
            opt.step()
        nll, acc = summarise(model, valid)
        if nll < best_nll:
            best_nll = nll
            best_weights = copy.deepcopy(model.state_dict())
            print(f"epoch {epoch}: new best {nll:.3f} ({acc:.2%})")

    model.load_state_dict(best_weights)
    nll, acc = summarise(model, test)
    print(f"test nll {nll:.3f} acc {acc:.2%}")


main()
