import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler, random_split

torch.manual_seed(31)

# ---------------------------------------------------------------- data
# 5 % of the transactions are fraudulent
N, D = 4000, 12
labels = (torch.rand(N) < 0.05).long()
direction = torch.zeros(D)
direction[:5] = 0.75
inputs = torch.randn(N, D) + labels.unsqueeze(1) * direction

dataset = TensorDataset(inputs, labels)
train_set, test_set = random_split(dataset, [3000, 1000], generator=torch.Generator().manual_seed(31))


# ---------------------------------------------------------------- loaders
def balanced_loader(batch_size):
    train_labels = labels[:len(train_set)]
    per_class = 1.0 / torch.bincount(train_labels, minlength=2).double()
    sampler = WeightedRandomSampler(per_class[train_labels], num_samples=len(train_set))
    return DataLoader(train_set, batch_size=batch_size, sampler=sampler)


train_loader = balanced_loader(batch_size=50)
test_loader = DataLoader(test_set, batch_size=250)


# ---------------------------------------------------------------- model
class Detector(nn.Module):
    def __init__(self, d, width=24):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(d, width), nn.Linear(width, width)])
        self.drop = nn.Dropout(0.2)
        self.score = nn.Linear(width, 1)

    def forward(self, x):
        for layer in self.layers:
            x = self.drop(torch.relu(layer(x)))
        return self.score(x)[:, 0]


model = Detector(D)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)


# ---------------------------------------------------------------- training
def epoch():
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        criterion(model(x), y.float()).backward()
        optimizer.step()


def report():
    model.eval()
    tp = fp = fn = tn = 0
    with torch.no_grad():
        for x, y in test_loader:
            alarm = model(x) > 0
            fraud = y == 1
            tp += (alarm & fraud).sum().item()
            fp += (alarm & ~fraud).sum().item()
            fn += (~alarm & fraud).sum().item()
            tn += (~alarm & ~fraud).sum().item()
    sensitivity = tp / (tp + fn)
    specificity = tn / (tn + fp)
    return sensitivity, specificity


for e in range(10):
    epoch()
print("sensitivity %.3f  specificity %.3f" % report())
