import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(6)
PROTO = torch.randn(8, 20)


class Pairs(Dataset):
    """(a, b, label): do both vectors come from the same source?"""

    def __init__(self, n):
        same = torch.arange(n) % 2 == 0
        i = torch.randint(8, (n,))
        j = torch.where(same, i, (i + torch.randint(1, 8, (n,))) % 8)
        self.a = PROTO[i] + 1.2 * torch.randn(n, 20)
        self.b = PROTO[j] + 1.2 * torch.randn(n, 20)
        self.label = same.float()

    def __len__(self):
        return len(self.label)

    def __getitem__(self, k):
        return self.a[k], self.b[k], self.label[k]


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(20, 40), nn.ReLU(), nn.Linear(40, 12))

    def forward(self, a, b):
        return self.tower(a), self.tower(b)


class PairTrainer(object):
    def __init__(self, model, lr, margin):
        self.model = model
        self.criterion = nn.CosineEmbeddingLoss(margin=margin)
        self.optimizer = optim.RMSprop(model.parameters(), lr=lr)

    def train(self, loader, epochs):
        self.model.train()
        for _ in range(epochs):
            for a, b, label in loader:
                self.optimizer.zero_grad()
                loss = self.criterion(*self.model(a, b), label)
                loss.backward()
                self.optimizer.step()
            print('loss %.4f' % loss.item())

    def similarity(self, data):
        self.model.eval()
        with torch.no_grad():
            return torch.cosine_similarity(*self.model(data.a, data.b))


train_set, test_set = Pairs(1500), Pairs(600)
trainer = PairTrainer(Siamese(), lr=1e-3, margin=0.2)
trainer.train(DataLoader(train_set, batch_size=50, shuffle=True), epochs=8)
sim, same = trainer.similarity(test_set), test_set.label > 0
print('similarity: same %.3f, different %.3f' % (sim[same].mean().item(), sim[~same].mean().item()))
