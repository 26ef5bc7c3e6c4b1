import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader, random_split


class ChurnDataset(Dataset):
    """Made-up customer table: will the customer leave or not."""

    def __init__(self, size, seed):
        g = torch.Generator().manual_seed(seed)
        self.features = torch.randn(size, 8, generator=g)
        score = 2.0 * self.features[:, 0] - 1.5 * self.features[:, 3] + self.features[:, 5] ** 2 - 1.0
        self.target = (score > 0).float()

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        return self.features[index], self.target[index]


class BinaryClassifier(nn.Module):
    def __init__(self):
        super(BinaryClassifier, self).__init__()
        self.layer_1 = nn.Linear(8, 64)
        self.layer_2 = nn.Linear(64, 64)
        self.layer_out = nn.Linear(64, 1)
        self.relu = nn.ReLU()
        self.sigmoid = nn.Sigmoid()

    def forward(self, inputs):
        x = self.relu(self.layer_1(inputs))
        x = self.relu(self.layer_2(x))
        x = self.sigmoid(self.layer_out(x))
        return x.squeeze(1)


torch.manual_seed(2021)
dataset = ChurnDataset(1200, seed=2021)
train_set, test_set = random_split(dataset, [1000, 200])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=50)

model = BinaryClassifier()
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

for e in range(1, 9):
    model.train()
    epoch_loss = 0.0
    for X_batch, y_batch in train_loader:
        optimizer.zero_grad()
        y_pred = model(X_batch)
        loss = criterion(y_pred, y_batch)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    print(f"Epoch {e:03}: | Loss: {epoch_loss / len(train_loader):.5f}")

model.eval()
hits = 0
with torch.no_grad():
    for X_batch, y_batch in test_loader:
        hits += ((model(X_batch) > 0.5).float() == y_batch).sum().item()
print("Test accuracy:", hits / len(test_set))
