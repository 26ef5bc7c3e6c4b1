import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

OPTIONS = {"dim": 40, "epochs": 4, "batch": 32, "max_len": 30, "pad": 0}


class TagData(Dataset):
    """Each word id has a part of speech; word 5 is ambiguous and takes the class of its left neighbour."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            k = int(torch.randint(3, 12, (1,), generator=g))
            words = torch.randint(1, 25, (k,), generator=g)
            tags = words % 4 + 1
            for j in range(1, k):
                if words[j] % 5 == 0:
                    tags[j] = tags[j - 1]
            self.items.append((words, tags))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        words, tags = self.items[i]
        room = OPTIONS["max_len"] - len(words)
        fill = torch.full((room,), OPTIONS["pad"])
        return torch.cat([words, fill]), torch.cat([tags, fill])


class Tagger(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.emb = nn.Embedding(25, dim, padding_idx=OPTIONS["pad"])
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, 5)

    def forward(self, w):
        return self.out(self.rnn(self.emb(w))[0])


def token_accuracy(model, loader):
    model.eval()
    good = total = 0
    with torch.no_grad():
        for w, t in loader:
            real = t != OPTIONS["pad"]
            good += (model(w).argmax(-1)[real] == t[real]).sum().item()
            total += real.sum().item()
    return good / total


def train(model, loader, val_loader):
    criterion = nn.CrossEntropyLoss(ignore_index=OPTIONS["pad"])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(OPTIONS["epochs"]):
        model.train()
        for w, t in loader:
            optimizer.zero_grad()
            logits = model(w)
            loss = criterion(logits.transpose(1, 2), t)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: last loss {loss.item():.3f}, token accuracy {token_accuracy(model, val_loader):.3f}")


if __name__ == "__main__":
    torch.manual_seed(13)
    dl = DataLoader(TagData(500, 0), OPTIONS["batch"], shuffle=True)
    vl = DataLoader(TagData(150, 1), OPTIONS["batch"])
    train(Tagger(OPTIONS["dim"]), dl, vl)
