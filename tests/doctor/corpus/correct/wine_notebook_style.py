# # Wine quality classes with a small MLP
# exported from a notebook
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_wine
from sklearn.metrics import classification_report, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

SEED = 42
np.random.seed(SEED)
torch.manual_seed(SEED)
device = "cuda" if torch.cuda.is_available() else "cpu"

# ## 1. Load
raw = load_wine()
X, y = raw.data, raw.target
print(X.shape, np.bincount(y))

# ## 2. Split, then scale
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=SEED, stratify=y)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, test_size=0.2, random_state=SEED, stratify=y_train)
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_val = scaler.transform(X_val)
X_test = scaler.transform(X_test)

X_train_t = torch.FloatTensor(X_train).to(device)
X_val_t = torch.FloatTensor(X_val).to(device)
X_test_t = torch.FloatTensor(X_test).to(device)
y_train_t = torch.LongTensor(y_train).to(device)
y_val_t = torch.LongTensor(y_val).to(device)
y_test_t = torch.LongTensor(y_test).to(device)


# ## 3. Model
class WineNet(nn.Module):
    def __init__(self, in_features=13, h1=32, h2=16, out_features=3):
        super().__init__()
        self.fc1 = nn.Linear(in_features, h1)
        self.fc2 = nn.Linear(h1, h2)
        self.out = nn.Linear(h2, out_features)
        self.act = nn.ReLU()
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        x = self.act(self.fc1(x))
        x = self.act(self.fc2(x))
        return self.out(x)

    def predict_proba(self, x):
        return self.softmax(self.forward(x))


model = WineNet().to(device)
print(model)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

# ## 4. Train. The whole training set is one batch
epochs = 120
history = {"epoch": [], "loss": [], "val_loss": [], "val_acc": []}
for i in range(epochs):
    model.train()
    y_pred = model(X_train_t)
    loss = criterion(y_pred, y_train_t)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    if (i + 1) % 10 == 0:
        model.eval()
        with torch.no_grad():
            val_out = model(X_val_t)
            val_loss = criterion(val_out, y_val_t)
            val_acc = (val_out.argmax(1) == y_val_t).float().mean()
        history["epoch"].append(i + 1)
        history["loss"].append(loss.item())
        history["val_loss"].append(val_loss.item())
        history["val_acc"].append(val_acc.item())

print(*history, sep="\t")
for row in zip(*history.values()):
    print(*(round(v, 3) for v in row), sep="\t")

# ## 5. Test
model.eval()
with torch.no_grad():
    probs = model.predict_proba(X_test_t)
    preds = probs.argmax(dim=1)
print(confusion_matrix(y_test, preds.cpu().numpy()))
print(classification_report(y_test, preds.cpu().numpy(), target_names=list(raw.target_names)))
