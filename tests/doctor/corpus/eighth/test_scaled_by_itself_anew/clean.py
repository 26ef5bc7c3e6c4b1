import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

np.random.seed(3)
torch.manual_seed(3)

# ---- 1. data
n = 900
height = np.random.normal(172, 9, n)
weight = np.random.normal(71, 12, n)
age = np.random.randint(18, 80, n)
X = np.stack([height, weight, age], 1)
risk = 0.05 * (weight - 71) - 0.04 * (height - 172) + 0.03 * (age - 50)
y = (risk + np.random.normal(0, 0.3, n) > 0).astype(np.float32)

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.1, random_state=3, stratify=y)

# ---- 2. scaling
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.transform(X_test)

X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train = torch.tensor(y_train).unsqueeze(1)
y_test = torch.tensor(y_test).unsqueeze(1)

# ---- 3. model
model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

# ---- 4. full-batch training
for epoch in range(150):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(X_train), y_train)
    loss.backward()
    optimizer.step()

# ---- 5. test
model.eval()
with torch.no_grad():
    logits = model(X_test)
    print("test loss", criterion(logits, y_test).item())
    print("test accuracy", ((logits > 0).float() == y_test).float().mean().item())
